/* Loading and calling the plugin, in the order of security.c of 1.4.15, 1.5.11 and 1.6.15, and what their linker.syms
 * lets plugins see. */
#define _GNU_SOURCE
#include "host.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEEN __attribute__((visibility("default")))

/* struct mosquitto_acl_msg of 1.5 and 1.6. */
struct acl_msg {
	const char *topic;
	const void *payload;
	long payloadlen;
	int qos;
	bool retain;
};

/* Where the plugin reads. */
_Static_assert(offsetof(struct option, key) == 0, "option");
_Static_assert(offsetof(struct option, value) == sizeof(char *), "option");
_Static_assert(sizeof(struct option) == 2 * sizeof(char *), "option");
#if UINTPTR_MAX == UINT64_MAX
_Static_assert(offsetof(struct acl_msg, topic) == 0, "acl_msg");
_Static_assert(offsetof(struct acl_msg, payload) == 8, "acl_msg");
_Static_assert(offsetof(struct acl_msg, payloadlen) == 16, "acl_msg");
_Static_assert(offsetof(struct acl_msg, qos) == 24, "acl_msg");
_Static_assert(offsetof(struct acl_msg, retain) == 28, "acl_msg");
#endif

SEEN void mosquitto_log_printf(int level, const char *format, ...);

void mosquitto_log_printf(int level, const char *format, ...)
{
	va_list list;

	fprintf(stderr, "%d: ", level);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

#if API >= 3
SEEN const char *mosquitto_client_address(const struct mosquitto *client);
SEEN bool mosquitto_client_clean_session(const struct mosquitto *client);
SEEN const char *mosquitto_client_id(const struct mosquitto *client);
SEEN int mosquitto_client_keepalive(const struct mosquitto *client);
SEEN void *mosquitto_client_certificate(const struct mosquitto *client);
SEEN int mosquitto_client_protocol(const struct mosquitto *client);
SEEN int mosquitto_client_sub_count(const struct mosquitto *client);
SEEN const char *mosquitto_client_username(const struct mosquitto *client);

const char *mosquitto_client_address(const struct mosquitto *client) { return client->address; }
bool mosquitto_client_clean_session(const struct mosquitto *client) { return client->clean; }
const char *mosquitto_client_id(const struct mosquitto *client) { return client->id; }
int mosquitto_client_keepalive(const struct mosquitto *client) { (void)client; return 60; }
void *mosquitto_client_certificate(const struct mosquitto *client) { (void)client; return NULL; }
int mosquitto_client_protocol(const struct mosquitto *client) { (void)client; return 1; }
int mosquitto_client_sub_count(const struct mosquitto *client) { (void)client; return 0; }
const char *mosquitto_client_username(const struct mosquitto *client) { return client->username; }
#endif
#if API >= 4
SEEN int mosquitto_set_username(struct mosquitto *client, const char *username);

int mosquitto_set_username(struct mosquitto *client, const char *username)
{
	(void)client;
	(void)username;
	return 1;
}
#endif

static struct {
	void *library;
	void *data;
	struct option *options;
	int count;
	int (*cleanup)(void *, struct option *, int);
	int (*security_init)(void *, struct option *, int, bool);
	int (*security_cleanup)(void *, struct option *, int, bool);
#if API == 2
	int (*acl_check)(void *, const char *, const char *, const char *, int);
	int (*unpwd_check)(void *, const char *, const char *);
	int (*psk_key_get)(void *, const char *, const char *, char *, int);
#else
	int (*acl_check)(void *, int, struct mosquitto *, const struct acl_msg *);
	int (*unpwd_check)(void *, struct mosquitto *, const char *, const char *);
	int (*psk_key_get)(void *, struct mosquitto *, const char *, const char *, char *, int);
#endif
} plugin;

static void *symbol(const char *name)
{
	void *found = dlsym(plugin.library, name);

	if(!found){
		log_line("Error: Unable to load auth plugin function %s().", name);
		exit(1);
	}
	return found;
}

/* The other doors: shut, whoever knocks. */
static void knock(void)
{
	struct mosquitto nobody = { .id = "alice@acme:pc", .address = "127.0.0.1" };
	char key[64] = "";
	int psk;

#if API == 2
	(void)nobody;
	psk = plugin.psk_key_get(plugin.data, "hint", "alice@acme", key, sizeof(key));
#else
	psk = plugin.psk_key_get(plugin.data, &nobody, "hint", "alice@acme", key, sizeof(key));
#endif
	log_line("pre-shared key: %d `%s`", psk, key);
#if API >= 4
	int (*start)(void *, struct mosquitto *, const char *, bool, const void *, uint16_t, void **, uint16_t *) =
		symbol("mosquitto_auth_start");
	int (*more)(void *, struct mosquitto *, const char *, const void *, uint16_t, void **, uint16_t *) =
		symbol("mosquitto_auth_continue");
	void *out = NULL;
	uint16_t out_len = 0;

	log_line("extended authentication: %d %d",
			start(plugin.data, &nobody, "SCRAM", false, "x", 1, &out, &out_len),
			more(plugin.data, &nobody, "SCRAM", "x", 1, &out, &out_len));
#endif
}

void plugin_load(const char *path, struct option *options, int count)
{
	int (*version)(void);
	int (*init)(void **, struct option *, int);
	int rc;

	plugin.options = options;
	plugin.count = count;
	plugin.library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
	if(!plugin.library){
		log_line("Error: Unable to load auth plugin: %s", dlerror());
		exit(1);
	}
	version = symbol("mosquitto_auth_plugin_version");
	rc = version();
	if(rc != API){
		log_line("Error: Incorrect auth plugin version (got %d, expected %d).", rc, API);
		exit(1);
	}
	init = symbol("mosquitto_auth_plugin_init");
	plugin.cleanup = symbol("mosquitto_auth_plugin_cleanup");
	plugin.security_init = symbol("mosquitto_auth_security_init");
	plugin.security_cleanup = symbol("mosquitto_auth_security_cleanup");
	plugin.acl_check = symbol("mosquitto_auth_acl_check");
	plugin.unpwd_check = symbol("mosquitto_auth_unpwd_check");
	plugin.psk_key_get = symbol("mosquitto_auth_psk_key_get");
	rc = init(&plugin.data, options, count);
	if(rc){
		log_line("Error: Authentication plugin returned %d when initialising.", rc);
		exit(1);
	}
	rc = plugin.security_init(plugin.data, options, count, false);
	if(rc){
		exit(1);
	}
	knock();
}

/* 1.4 has read its configuration anew by then, and thrown the former options away. */
void plugin_reload(void)
{
	log_line("Reloading config.");
	plugin.security_cleanup(plugin.data, NULL, 0, true);
	plugin.security_init(plugin.data, NULL, 0, true);
}

/* A thread that has been joined may be seen for a moment more, while the kernel buries it. */
static void wait_for_threads(void)
{
	for(int tries = 0; tries < 1000; tries++){
		struct stat tasks;

		if(!stat("/proc/self/task", &tasks) && tasks.st_nlink == 3){
			return;
		}
		usleep(1000);
	}
}

/* Each thread by its name: what lives on beside the first one would run code that is no longer there. */
static void log_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;

	while(tasks && (task = readdir(tasks))){
		char file[300], name[64] = "";
		FILE *in;

		snprintf(file, sizeof(file), "/proc/self/task/%s/comm", task->d_name);
		in = *task->d_name == '.' ? NULL : fopen(file, "r");
		if(in && fgets(name, sizeof(name), in)){
			name[strcspn(name, "\n")] = 0;
			log_line("thread after cleanup: %s", name);
		}
		if(in){
			fclose(in);
		}
	}
	closedir(tasks);
}

void plugin_unload(void)
{
	plugin.security_cleanup(plugin.data, plugin.options, plugin.count, false);
	plugin.cleanup(plugin.data, plugin.options, plugin.count);
	wait_for_threads();
	log_threads();
	dlclose(plugin.library);
	log_line("unloaded");
}

int plugin_login(struct mosquitto *client, const char *username, const char *password)
{
#if API == 2
	(void)client;
	return plugin.unpwd_check(plugin.data, username, password);
#else
	int rc;

	/* 1.5 and 1.6 set the names for the time of the call. */
	client->username = (char *)username;
	rc = plugin.unpwd_check(plugin.data, client, username, password);
	client->username = NULL;
	return rc;
#endif
}

int plugin_acl(struct mosquitto *client, int access, const struct message *message)
{
#if API == 2
	/* It has no question about subscriptions. */
	return access == SUBSCRIBE ? SUCCESS
		: plugin.acl_check(plugin.data, client->id, client->username, message->topic, access);
#else
	struct acl_msg msg = {
		.topic = message->topic,
		.payload = message->payload,
		.payloadlen = message->payload_len,
		.qos = message->qos,
		.retain = message->retain,
	};

#if API >= 4
	/* acl__check_dollar: nobody writes to $SYS, and the plugin is not asked. */
	if(access == WRITE && !strncmp(message->topic, "$SYS", 4)){
		return ACL_DENIED;
	}
#endif
	return plugin.acl_check(plugin.data, access, client, &msg);
#endif
}
