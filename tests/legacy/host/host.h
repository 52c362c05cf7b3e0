/* A small host in place of Mosquitto 1.4 (API 2), 1.5 (API 3) or 1.6 (API 4): it loads an authentication plugin and
 * calls it as those do, and has just enough of a broker around that for clients to meet. One program for each version, by
 * -DAPI; nothing but what the real one exports may be seen from outside, so all else is compiled with hidden visibility. */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if API < 2 || API > 4
#error "compile with -DAPI=2, 3 or 4"
#endif

enum { READ = 1, WRITE = 2, SUBSCRIBE = 4 };
enum { SUCCESS = 0, AUTH = 11, ACL_DENIED = 12 };

enum { SUBSCRIPTIONS = 32, PACKET = 1 << 20 };

/* A connection. The plugin sees no more than a pointer to it. */
struct mosquitto {
	int fd;
	char *id;
	char *username;
	char *address;
	bool clean;
	bool ended;
	char *filters[SUBSCRIPTIONS];
	uint8_t *in;
	size_t got;
	struct mosquitto *next;
};

struct message {
	const char *topic;
	const void *payload;
	long payload_len;
	int qos;
	bool retain;
};

/* What the configuration says of the plugin: struct mosquitto_auth_opt of 1.4, struct mosquitto_opt of 1.5 and 1.6. */
struct option {
	char *key;
	char *value;
};

void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* plugin.c: each ends the program when the plugin does not do what a broker insists on. */
void plugin_load(const char *path, struct option *options, int count);
void plugin_reload(void);
void plugin_unload(void);
int plugin_login(struct mosquitto *client, const char *username, const char *password);
int plugin_acl(struct mosquitto *client, int access, const struct message *message);

/* broker.c */
void broker_listen(const char *address, int port);
void broker_turn(void);

#endif
