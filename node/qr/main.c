/* noroshi-qr: the text on standard input as a QR code of half blocks on standard output, two rows of modules to a line. Light
 * modules are drawn, dark ones left out, as suits a dark screen; whoever calls it sets colours. Exit status: 0; 8 when the text is
 * empty or larger than a code holds; 1 when something else failed. */
#include <qrencode.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE_MAX 2953u /* bytes, in the largest code at the lowest level of correction */
#define QUIET 4             /* modules of margin, which readers need */

enum { DONE = 0, FAILED = 1, DOES_NOT_FIT = 8 };

/* Outside the code all is light. */
static bool is_light(const QRcode *code, int x, int y)
{
    bool inside = x >= 0 && y >= 0 && x < code->width && y < code->width;

    return !inside || (code->data[y * code->width + x] & 1) == 0;
}

static void draw(const QRcode *code)
{
    static const char *const blocks[2][2] = {{" ", "\xe2\x96\x84"}, {"\xe2\x96\x80", "\xe2\x96\x88"}}; /* none, lower; upper, both */

    for (int y = -QUIET; y < code->width + QUIET; y += 2) {
        for (int x = -QUIET; x < code->width + QUIET; x++) {
            bool below = y + 1 >= code->width + QUIET ? false : is_light(code, x, y + 1);

            fputs(blocks[is_light(code, x, y) ? 1 : 0][below ? 1 : 0], stdout);
        }
        fputc('\n', stdout);
    }
}

int main(void)
{
    unsigned char text[TEXT_SIZE_MAX + 1];
    size_t size = fread(text, 1, sizeof text, stdin);
    QRcode *code = NULL;

    if (ferror(stdin) != 0) {
        return FAILED;
    }
    if (size == 0 || size > TEXT_SIZE_MAX) {
        return DOES_NOT_FIT;
    }
    code = QRcode_encodeData((int)size, text, 0, QR_ECLEVEL_L);
    if (code == NULL) {
        return FAILED;
    }
    draw(code);
    QRcode_free(code);
    return fflush(stdout) == 0 ? DONE : FAILED;
}
