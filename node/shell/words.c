#include "words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/locale.h"

nrs_language nrs_language_of_locale(void)
{
    return nrs_locale_is_japanese(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"), getenv("LANGUAGE")) ? NRS_JAPANESE : NRS_ENGLISH;
}

const char *nrs_words_help(nrs_language language)
{
    static const char *const help[] = {
        [NRS_ENGLISH] = "noroshid: runs a node in the foreground. Logs go to standard error or the journal.\n"
                        "\n"
                        "  noroshid [--dir DIR] [--passphrase-file F] [--lang ja|en]\n"
                        "\n"
                        "  -d, --dir DIR            the node's folder; else $NOROSHI_DIR, else ~/.local/share/noroshi\n"
                        "      --passphrase-file F  file whose first line is the passphrase of the node's key; else\n"
                        "                           $CREDENTIALS_DIRECTORY/passphrase, else the terminal is asked\n"
                        "      --lang ja|en         language of messages; else the locale's\n"
                        "  -h, --help               this text\n"
                        "      --version            the version\n"
                        "\n"
                        "Example: noroshid --dir /var/lib/noroshi\n",
        [NRS_JAPANESE] =
            "noroshid: ノードをフォアグラウンドで動かします。記録は標準エラー出力またはジャーナルに出ます。\n"
            "\n"
            "  noroshid [--dir DIR] [--passphrase-file F] [--lang ja|en]\n"
            "\n"
            "  -d, --dir DIR            ノードのフォルダー。省略時は $NOROSHI_DIR、なければ ~/.local/share/noroshi\n"
            "      --passphrase-file F  1行目がノードの鍵のパスフレーズであるファイル。省略時は\n"
            "                           $CREDENTIALS_DIRECTORY/passphrase、なければ端末で尋ねます\n"
            "      --lang ja|en         メッセージの言語。省略時はロケールに従います\n"
            "  -h, --help               この説明\n"
            "      --version            版\n"
            "\n"
            "例: noroshid --dir /var/lib/noroshi\n",
    };

    return help[language];
}

const char *nrs_words_prompt(nrs_language language)
{
    return language == NRS_JAPANESE ? "ノードの鍵のパスフレーズ: " : "Passphrase of the node's key: ";
}

const char *nrs_words_no_passphrase(nrs_language language)
{
    return language == NRS_JAPANESE ? "ノードの鍵にはパスフレーズが必要ですが、尋ねる端末がありません。--passphrase-file ファイル または "
                                      "systemd の LoadCredential=passphrase:ファイル を指定してください"
                                    : "the node's key is under a passphrase, and there is no terminal to ask at: give "
                                      "--passphrase-file FILE, or LoadCredential=passphrase:FILE of systemd";
}

const char *nrs_words_usage(nrs_language language)
{
    return language == NRS_JAPANESE ? "使い方が違います。noroshid --help をご覧ください"
                                    : "wrong usage; see noroshid --help";
}

const char *nrs_words_error(nrs_language language, nrs_error error)
{
    static const struct {
        nrs_error error;
        const char *text;
    } japanese[] = {
        {NRS_ERROR_NO_MEMORY, "メモリーが足りません"},
        {NRS_ERROR_DISK, "ディスクに書き込めません（満杯、読み取り専用、または故障）"},
        {NRS_ERROR_SYSTEM, "システムコールが拒否されました"},
        {NRS_ERROR_PASSPHRASE, "パスフレーズが違うか、鍵ファイルが壊れています"},
        {NRS_ERROR_DAMAGED, "保存されたデータが壊れています"},
        {NRS_ERROR_FORGED, "署名が確かめられません"},
        {NRS_ERROR_MALFORMED, "データの形式が正しくありません"},
        {NRS_ERROR_BAD_ADDRESS, "待ち受けるアドレスとして使えません"},
        {NRS_ERROR_NOT_A_NODE, "ノードのフォルダーではありません。noroshi init で作ってください"},
        {NRS_ERROR_NEWER_NODE, "より新しい版が書いたフォルダーです"},
        {NRS_ERROR_OLDER_NODE, "古い版が書いたフォルダーで、この版では読めません"},
        {NRS_ERROR_LOCKED, "別の noroshid がこのフォルダーで動いています"},
        {NRS_ERROR_ADDRESS_IN_USE, "待ち受けるアドレスはすでに使われています"},
    };

    for (size_t i = 0; language == NRS_JAPANESE && i < sizeof(japanese) / sizeof(japanese[0]); i++) {
        if (japanese[i].error == error) {
            return japanese[i].text;
        }
    }
    /* The general sentence speaks of a report's recipients. */
    return error == NRS_ERROR_BAD_ADDRESS ? "not an address to listen on" : nrs_error_sentence(error);
}

const char *nrs_words_reason(nrs_language language, int reason)
{
    static const struct {
        int reason;
        const char *text;
    } japanese[] = {
        {ENOENT, "ファイルまたはフォルダーがありません"},
        {ENOTDIR, "途中にフォルダーでないものがあります"},
        {EISDIR, "ファイルではなくフォルダーです"},
        {EACCES, "アクセスが許可されていません"},
        {EPERM, "操作が許可されていません"},
        {ELOOP, "シンボリックリンクが多すぎるか、使えません"},
        {ENAMETOOLONG, "名前が長すぎます"},
        {EIO, "ディスクの読み書きに失敗しました"},
        {EROFS, "読み取り専用のファイルシステムです"},
        {ENOSPC, "空き容量がありません"},
        {EMFILE, "開いているファイルが多すぎます"},
        {ENFILE, "開いているファイルが多すぎます"},
    };

    for (size_t i = 0; language == NRS_JAPANESE && i < sizeof(japanese) / sizeof(japanese[0]); i++) {
        if (japanese[i].reason == reason) {
            return japanese[i].text;
        }
    }
    return strerror(reason);
}

typedef struct both {
    const char *text[2];
} both;

const char *nrs_words_trouble(nrs_language language, nrs_error error, nrs_trouble trouble)
{
    static const both texts[] = {
        [NRS_TROUBLE_MISSING] = {{"the file is missing, though the folder is a node's", "ノードのフォルダーですが、このファイルがありません"}},
        [NRS_TROUBLE_OTHERS] = {{"the card does not belong to identity.key", "identity.key のカードではありません"}},
        [NRS_TROUBLE_APART] = {{"vault and store.db do not belong together, or one of them is damaged", "vault と store.db の組み合わせが違うか、どちらかが壊れています"}},
        [NRS_TROUBLE_LOST] = {{"the database is missing or empty, though the vault is in use", "鍵の保管庫（vault）は使われていますが、データベースがないか空です"}},
        [NRS_TROUBLE_UNLOCKED] = {{"a passphrase was given, but the key is under none", "パスフレーズが指定されましたが、鍵にはパスフレーズがありません"}},
        [NRS_TROUBLE_NO_LINE] = {{"the first line of the file, which is the passphrase, is empty or longer than 1,024 bytes",
                                  "パスフレーズとなるファイルの1行目が空か、1,024 バイトを超えています"}},
        [NRS_TROUBLE_UNTYPED] = {{"no passphrase was typed, or one longer than 1,024 bytes", "パスフレーズが入力されなかったか、1,024 バイトを超えています"}},
        [NRS_TROUBLE_ANOTHERS] = {{"the folder is another user's, and what root makes in it that user could not open",
                                   "別の利用者のフォルダーです。root がそこに作るファイルを、その利用者は開けません"}},
        [NRS_TROUBLE_KIND] = {{"something else has this name: a folder where a file should be, a file for a folder, or a link",
                               "別の種類のもの（ファイルの代わりにフォルダー、フォルダーの代わりにファイル、またはリンク）がこの名前で置かれています"}},
    };

    return trouble != NRS_TROUBLE_NONE ? texts[trouble].text[language] : nrs_words_error(language, error);
}

const char *nrs_words_remedy(nrs_language language, nrs_error error, nrs_trouble trouble, const char *about)
{
    static const both file = {{"Put it back from a copy; without one, make a new folder from a backup: noroshi --dir NEW restore FILE.",
                               "写しから元に戻してください。写しがなければ、バックアップから新しいフォルダーを作れます: noroshi --dir NEW restore FILE"}};
    static const both pair = {{"Put store.db (with store.db-wal, if there is one) and vault back from one and the same copy; without one, make a new "
                               "folder from a backup: noroshi --dir NEW restore FILE.",
                               "store.db（あれば store.db-wal も）と vault を同じ写しから元に戻してください。写しがなければ、バックアップから新しい"
                               "フォルダーを作れます: noroshi --dir NEW restore FILE"}};
    static const both settings = {{"Correct the setting; the README says what node.json holds.", "設定を直してください。node.json の項目は README にあります"}};
    static const both room = {{"Make room, or see that the folder can be written to; then start again. Nothing is lost.",
                               "空き容量を作るか、フォルダーに書き込めるようにして、もう一度起動してください。失われるものはありません"}};
    static const both unlocked = {{"Start it without --passphrase-file, or put the key under one: noroshi key passphrase.",
                                   "--passphrase-file なしで起動するか、noroshi key passphrase で鍵にパスフレーズを設定してください"}};
    static const both no_line = {{"Write the passphrase of the node's key into the first line of the file, or give another file.",
                                  "ファイルの1行目にノードの鍵のパスフレーズを書くか、別のファイルを指定してください"}};
    static const both kind = {{"Move it away, and put the node's own back from a copy if it had one there; then start again.",
                               "それを別の場所に移し、元のものがあれば写しから戻して、もう一度起動してください"}};
    static const both user = {{"Start it as the user whose folder it is: runuser -u USER -- noroshid ...",
                               "フォルダーの持ち主として起動してください: runuser -u USER -- noroshid ..."}};
    const both *found = NULL;

    if (trouble == NRS_TROUBLE_ANOTHERS) {
        found = &user;
    } else if (trouble == NRS_TROUBLE_KIND) {
        found = &kind;
    } else if (trouble == NRS_TROUBLE_UNLOCKED) {
        found = &unlocked;
    } else if (trouble == NRS_TROUBLE_NO_LINE) {
        found = &no_line;
    } else if (error == NRS_ERROR_DISK) {
        found = &room;
    } else if (about != NULL && strcmp(about, "node.json") == 0) {
        found = error == NRS_ERROR_MALFORMED ? &settings : NULL;
    } else if (error == NRS_ERROR_DAMAGED && about != NULL) {
        found = trouble == NRS_TROUBLE_APART || strcmp(about, "store.db") == 0 ? &pair : &file;
    }
    return found == NULL ? NULL : found->text[language];
}
