"""A bare CURVE client over libzmq, for peers that do not follow the protocol."""

import base64
import ctypes
import os
import struct

DEALER, PAIR, ROUTER = 5, 0, 6
ROUTING_ID, RCVTIMEO, SNDTIMEO, LINGER, SNDHWM = 5, 27, 28, 17, 23
CURVE_SERVER, CURVE_PUBLICKEY, CURVE_SECRETKEY, CURVE_SERVERKEY = 47, 48, 49, 50
SNDMORE = 2
HANDSHAKE_SUCCEEDED, HANDSHAKE_FAILED = 0x1000, {0x0800, 0x2000, 0x4000}
EVENTS = 0x7800

zmq = ctypes.CDLL("libzmq.so.5", use_errno=True)
for name, kinds in {"zmq_ctx_new": (), "zmq_socket": (ctypes.c_void_p, ctypes.c_int)}.items():
    getattr(zmq, name).restype = ctypes.c_void_p
    getattr(zmq, name).argtypes = kinds
zmq.zmq_setsockopt.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
zmq.zmq_connect.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
zmq.zmq_bind.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
zmq.zmq_send.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
zmq.zmq_recv.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
zmq.zmq_close.argtypes = (ctypes.c_void_p,)
zmq.zmq_ctx_term.argtypes = (ctypes.c_void_p,)
zmq.zmq_socket_monitor.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
zmq.zmq_curve_keypair.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
zmq.zmq_curve_public.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
zmq.zmq_z85_encode.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t)
zmq.zmq_z85_encode.restype = ctypes.c_char_p


def new_keys():
    """(public, secret) in Z85."""
    public, secret = ctypes.create_string_buffer(41), ctypes.create_string_buffer(41)
    if zmq.zmq_curve_keypair(public, secret) != 0:
        raise OSError(ctypes.get_errno(), "zmq_curve_keypair")
    return public.value, secret.value


def node_keys(folder):
    """The link keys in each key file of a node without a passphrase: the third of three seeds."""
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        data = path.read_bytes()
        if data.startswith(b"-----BEGIN NOROSHI KEY"):
            data = base64.b64decode(b"".join(data.strip().splitlines()[1:-1]))
        if data.startswith(b"NRSKEY01"):
            secret, public = ctypes.create_string_buffer(41), ctypes.create_string_buffer(41)
            zmq.zmq_z85_encode(secret, data[12 + 64:12 + 96], 32)
            if zmq.zmq_curve_public(public, secret) != 0:
                raise OSError(ctypes.get_errno(), "zmq_curve_public")
            yield public.value, secret.value


class RawPeer:
    """One DEALER over CURVE; use as a context manager."""

    def __init__(self, endpoint, server_key, keys=None, routing_id=None):
        public, secret = keys or new_keys()
        self.context = zmq.zmq_ctx_new()
        self.socket = zmq.zmq_socket(self.context, DEALER)
        self.number(LINGER, 0)
        self.number(SNDTIMEO, 3000)
        self.number(SNDHWM, 100000)
        for option, value in ((CURVE_SERVERKEY, server_key), (CURVE_PUBLICKEY, public), (CURVE_SECRETKEY, secret)):
            value = value.encode() if isinstance(value, str) else value
            self.check(zmq.zmq_setsockopt(self.socket, option, ctypes.c_char_p(value), len(value) + 1))
        if routing_id is not None:
            self.check(zmq.zmq_setsockopt(self.socket, ROUTING_ID, ctypes.c_char_p(routing_id), len(routing_id)))
        watch = b"inproc://watch"
        self.check(zmq.zmq_socket_monitor(self.socket, watch, EVENTS))
        self.monitor = zmq.zmq_socket(self.context, PAIR)
        self.number(LINGER, 0, self.monitor)
        self.check(zmq.zmq_connect(self.monitor, watch))
        self.check(zmq.zmq_connect(self.socket, endpoint.encode()))

    @staticmethod
    def check(code):
        if code < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return code

    def number(self, option, value, target=None):
        held = ctypes.c_int(value)
        self.check(zmq.zmq_setsockopt(target or self.socket, option, ctypes.byref(held), ctypes.sizeof(held)))

    def handshake(self, timeout_ms=5000):
        """True when the server admitted us, False when it refused, None when neither was heard."""
        self.number(RCVTIMEO, timeout_ms, self.monitor)
        buffer = ctypes.create_string_buffer(256)
        size = zmq.zmq_recv(self.monitor, buffer, 256, 0)
        if size < 2:
            return None
        (event,) = struct.unpack_from("=H", buffer.raw)
        zmq.zmq_recv(self.monitor, buffer, 256, 0)
        return event == HANDSHAKE_SUCCEEDED

    def send(self, *parts):
        """True if libzmq took every part."""
        for number, part in enumerate(parts):
            more = SNDMORE if number + 1 < len(parts) else 0
            if zmq.zmq_send(self.socket, ctypes.c_char_p(part), len(part), more) < 0:
                return False
        return True

    def receive(self, timeout_ms=1000):
        self.number(RCVTIMEO, timeout_ms)
        buffer = ctypes.create_string_buffer(1 << 20)
        size = zmq.zmq_recv(self.socket, buffer, 1 << 20, 0)
        return buffer.raw[:size] if size >= 0 else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        zmq.zmq_socket_monitor(self.socket, None, 0)
        zmq.zmq_close(self.monitor)
        zmq.zmq_close(self.socket)
        zmq.zmq_ctx_term(self.context)


class RawHub:
    """One ROUTER over CURVE that admits anyone: a hub in the hands of somebody else. Use as a context manager."""

    def __init__(self, endpoint, keys):
        public, secret = keys
        self.context = zmq.zmq_ctx_new()
        self.socket = zmq.zmq_socket(self.context, ROUTER)
        for option, value in ((LINGER, 0), (RCVTIMEO, 100), (SNDTIMEO, 3000), (CURVE_SERVER, 1)):
            held = ctypes.c_int(value)
            RawPeer.check(zmq.zmq_setsockopt(self.socket, option, ctypes.byref(held), ctypes.sizeof(held)))
        for option, value in ((CURVE_PUBLICKEY, public), (CURVE_SECRETKEY, secret)):
            RawPeer.check(zmq.zmq_setsockopt(self.socket, option, ctypes.c_char_p(value), len(value) + 1))
        RawPeer.check(zmq.zmq_bind(self.socket, endpoint.encode()))

    def receive(self):
        """(whom it is from, frame), or None when nothing came within a tenth of a second."""
        buffer = ctypes.create_string_buffer(1 << 20)
        parts = []
        for _ in range(2):
            size = zmq.zmq_recv(self.socket, buffer, 1 << 20, 0)
            if size < 0:
                return None
            parts.append(buffer.raw[:size])
        return tuple(parts)

    def send(self, peer, *parts):
        """A frame to a peer, or a message of more parts than one."""
        taken = zmq.zmq_send(self.socket, ctypes.c_char_p(peer), len(peer), SNDMORE) >= 0
        for number, part in enumerate(parts):
            more = SNDMORE if number + 1 < len(parts) else 0
            taken = taken and zmq.zmq_send(self.socket, ctypes.c_char_p(part), len(part), more) >= 0
        return taken

    def __enter__(self):
        return self

    def __exit__(self, *_):
        zmq.zmq_close(self.socket)
        zmq.zmq_ctx_term(self.context)
