/* A loop of czmq's with ten timers of 50 ms, for check_faketime.py: ends with 0 when all have come. */
#include <czmq.h>

static int count_down(zloop_t *loop, int timer, void *argument)
{
    int *left = argument;

    (void)loop;
    (void)timer;
    (*left)--;
    return *left == 0 ? -1 : 0;
}

int main(void)
{
    int left = 10;
    zloop_t *loop = zloop_new();

    if (loop == NULL) {
        return 1;
    }
    (void)zloop_timer(loop, 50, 10, count_down, &left);
    (void)zloop_start(loop);
    zloop_destroy(&loop);
    return left == 0 ? 0 : 1;
}
