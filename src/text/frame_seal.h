#ifndef TEXT_FRAME_SEAL_H
#define TEXT_FRAME_SEAL_H
/*
 * frame_seal: the numbers in what follows the frames of a sealed file; frame_file.c is the essay on it. Internal to frame_*.c.
 */
#define SEEKABLE_MAGIC 0x8F92EAB1u
#define HAS_CHECKSUMS 0x80
#define ROW_LEN 12   /* of the seek table */
#define FOOTER_LEN 9 /* number of rows, descriptor, magic number */
#define XXH64_OF_NOTHING 0x51D8E999u

#endif
