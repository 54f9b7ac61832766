"""DESIGN 7: protobuf-c refuses proto3 `optional`, and its generated code fails -Wcast-qual.

Usage: check_generated_code.py PROTOC_C SOURCE_DIR CC GENERATED_DIR"""
import pathlib
import subprocess
import sys
import tempfile

protoc, source, compiler, generated = sys.argv[1:5]

with tempfile.TemporaryDirectory() as folder:
    pathlib.Path(folder, "a.proto").write_text('syntax = "proto3";\nmessage A { optional uint32 a = 1; }\n')
    done = subprocess.run([protoc, f"--c_out={folder}", f"--proto_path={folder}", "a.proto"], capture_output=True, text=True)
    assert done.returncode != 0, "protobuf-c takes proto3 optional now"

    done = subprocess.run([compiler, "-std=c17", "-Wcast-qual", "-Werror", "-fsyntax-only", f"-I{generated}",
                           f"{generated}/wire/noroshi.pb-c.c"], capture_output=True, text=True)
    assert done.returncode != 0 and "cast" in done.stderr, done.stderr

text = pathlib.Path(source, "proto/noroshi.proto").read_text()
assert not any(line.strip().startswith("optional ") for line in text.splitlines())
