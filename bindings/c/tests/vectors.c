/* Runs golden vectors, given as lines on standard input, against the library. Ends with 1 at the first surprise.
 *
 *   valid HEX LEVEL DIRECTION CONTENT SEQ TIMESTAMP_MS SOURCE DATA_HEX
 *   invalid HEX ERROR
 *   unencodable LEVEL DIRECTION CONTENT SOURCE_HEX ERROR
 *
 * `-` stands for no bytes. */
#include "mep_codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES 4096

static unsigned line_number = 0;

static void fail(const char *what) {
  fprintf(stderr, "line %u: %s\n", line_number, what);
  exit(1);
}

#define EXPECT(condition) ((condition) ? (void)0 : fail(#condition))

static const char *next_word(void) {
  const char *word = strtok(NULL, " \n");
  EXPECT(word != NULL);
  return word;
}

static uint64_t next_number(void) {
  return strtoull(next_word(), NULL, 10);
}

static unsigned digit(char c) {
  const char *digits = "0123456789abcdef";
  const char *found = strchr(digits, c);
  EXPECT(c != '\0' && found != NULL);
  return (unsigned)(found - digits);
}

static size_t next_bytes(uint8_t *out) {
  const char *hex = next_word();
  if (strcmp(hex, "-") == 0) return 0;
  size_t length = strlen(hex) / 2;
  EXPECT(strlen(hex) % 2 == 0 && length <= MOST_BYTES);
  for (size_t i = 0; i < length; i++) out[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  return length;
}

static mep_status status_of(const char *error) {
  static const struct { const char *name; mep_status status; } names[] = {
      {"truncated", MEP_STATUS_TRUNCATED},   {"protocol_version", MEP_STATUS_PROTOCOL_VERSION},
      {"mqtt_level", MEP_STATUS_MQTT_LEVEL}, {"direction", MEP_STATUS_DIRECTION},
      {"content", MEP_STATUS_CONTENT},       {"source", MEP_STATUS_SOURCE},
      {"data_length", MEP_STATUS_DATA_LENGTH},
  };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strcmp(names[i].name, error) == 0) return names[i].status;
  fail("an unknown error's name");
  return MEP_STATUS_INTERNAL;
}

/* Decodes from memory of exactly that size, so that a checker sees any byte read beyond. */
static mep_status decode_exactly(const uint8_t *bytes, size_t length, mep_message *message, uint8_t **kept) {
  *kept = malloc(length ? length : 1);
  EXPECT(*kept != NULL);
  if (length) memcpy(*kept, bytes, length);
  return mep_decode(*kept, length, message);
}

static void every_cut_is_refused(const uint8_t *bytes, size_t length) {
  for (size_t end = 0; end < length; end++) {
    mep_message message;
    memset(&message, 0x5a, sizeof message);
    mep_message before = message;
    uint8_t *kept;
    EXPECT(decode_exactly(bytes, end, &message, &kept) != MEP_STATUS_OK);
    EXPECT(memcmp(&message, &before, sizeof message) == 0);
    free(kept);
  }
}

static void encodes_to(const mep_message *message, const uint8_t *want, size_t length) {
  size_t written = 0;
  EXPECT(mep_encode(message, NULL, 0, &written) == MEP_STATUS_NO_ROOM);
  EXPECT(written == length);
  uint8_t *room = malloc(length);
  EXPECT(room != NULL);
  EXPECT(mep_encode(message, room, length - 1, &written) == MEP_STATUS_NO_ROOM);
  EXPECT(mep_encode(message, room, length, &written) == MEP_STATUS_OK);
  EXPECT(written == length && memcmp(room, want, length) == 0);
  free(room);
}

static void valid(void) {
  static uint8_t bytes[MOST_BYTES], data[MOST_BYTES];
  size_t length = next_bytes(bytes);
  mep_message message;
  uint8_t *kept;
  EXPECT(decode_exactly(bytes, length, &message, &kept) == MEP_STATUS_OK);
  EXPECT(message.mqtt_level == next_number());
  EXPECT(message.direction == next_number());
  EXPECT(message.content == next_number());
  EXPECT(message.seq == next_number());
  EXPECT(message.timestamp_ms == next_number());
  const char *source = next_word();
  EXPECT(message.source_len == strlen(source));
  EXPECT(memcmp(message.source, source, message.source_len) == 0);
  size_t data_length = next_bytes(data);
  EXPECT(message.data_len == data_length);
  EXPECT(data_length == 0 || memcmp(message.data, data, data_length) == 0);
  encodes_to(&message, bytes, length);
  every_cut_is_refused(bytes, length);
  free(kept);
}

static void invalid(void) {
  static uint8_t bytes[MOST_BYTES];
  size_t length = next_bytes(bytes);
  mep_message message;
  uint8_t *kept;
  EXPECT(decode_exactly(bytes, length, &message, &kept) == status_of(next_word()));
  free(kept);
}

static void unencodable(void) {
  static uint8_t source[MOST_BYTES];
  mep_message message = {0};
  message.mqtt_level = (uint8_t)next_number();
  message.direction = (uint8_t)next_number();
  message.content = (uint8_t)next_number();
  message.source_len = next_bytes(source);
  message.source = (const char *)source;
  uint8_t room[MOST_BYTES];
  size_t written = 1;
  EXPECT(mep_encode(&message, room, sizeof room, &written) == status_of(next_word()));
  EXPECT(written == 0);
}

static void null_is_refused(void) {
  mep_message message = {0};
  size_t written = 0;
  uint8_t room[1];
  EXPECT(mep_decode(NULL, 1, &message) == MEP_STATUS_NULL);
  EXPECT(mep_decode(NULL, 0, &message) == MEP_STATUS_TRUNCATED);
  EXPECT(mep_decode(room, 0, NULL) == MEP_STATUS_NULL);
  EXPECT(mep_encode(NULL, room, 1, &written) == MEP_STATUS_NULL);
  EXPECT(mep_encode(&message, NULL, 1, &written) == MEP_STATUS_NULL);
  EXPECT(mep_encode(&message, room, 1, NULL) == MEP_STATUS_NULL);
}

int main(void) {
  static char line[4 * MOST_BYTES];
  null_is_refused();
  while (fgets(line, sizeof line, stdin) != NULL) {
    line_number++;
    const char *kind = strtok(line, " \n");
    EXPECT(kind != NULL);
    if (strcmp(kind, "valid") == 0) valid();
    else if (strcmp(kind, "invalid") == 0) invalid();
    else if (strcmp(kind, "unencodable") == 0) unencodable();
    else fail("an unknown kind of vector");
  }
  printf("%u vectors\n", line_number);
  return 0;
}
