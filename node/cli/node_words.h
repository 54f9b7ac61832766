/* What the node says in English, in the person's language. */
#ifndef CLI_NODE_WORDS_H
#define CLI_NODE_WORDS_H

/** text: with the values given; id: the fixed sentence, or NULL. Both may be NULL. Owned (free); NULL when there is nothing
 *  to say or no memory. What has no translation stays in English behind the translated fixed sentence. */
char *nrs_node_words(const char *text, const char *id);

#endif
