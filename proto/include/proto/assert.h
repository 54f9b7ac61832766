/* NRS_ASSERT states what only a programmer's mistake can break. It is on in release builds, prints where, and aborts.
 * Input from outside is never asserted: it is an nrs_error. */
#ifndef PROTO_ASSERT_H
#define PROTO_ASSERT_H

_Noreturn void nrs_assert_failed(const char *condition, const char *file, int line);

#define NRS_ASSERT(condition)                                                                                          \
    ((condition) ? (void)0 : nrs_assert_failed(#condition, __FILE_NAME__, __LINE__))

#ifndef __FILE_NAME__
#define __FILE_NAME__ __FILE__
#endif

#endif
