/* What a newer broker understands and an older header does not know, by the numbers of Mosquitto
 * 2.1.2's public headers (broker.h, defs.h). shim.c checks them where the headers know them, so one
 * binary serves all brokers, whatever headers it was built on. */
#ifndef MEP_COMPAT_H
#define MEP_COMPAT_H

enum mep_event {
	MEP_EVT_CONNECT = 11,        /* since 2.1: a login has been completed */
	MEP_EVT_SUBSCRIBE = 12,      /* since 2.1: a subscription was allowed */
	MEP_EVT_MESSAGE_OUT = 27,    /* since 2.1: a message goes to a client */
	MEP_EVT_CLIENT_OFFLINE = 28, /* since 2.1: a persistent session lost its connection */
};

enum mep_result {
	MEP_ERR_AUTH_DELAYED = -5,                 /* since 2.1, from BASIC_AUTH only */
	MEP_ERR_PLUGIN_IGNORE = 32,                /* since 2.1: as if the plugin were not there */
	MEP_ERR_CLIENT_IDENTIFIER_NOT_VALID = 133, /* since 2.1: CONNACK 0x85 */
	MEP_ERR_BAD_USERNAME_OR_PASSWORD = 134,    /* since 2.1: CONNACK 0x86 */
	MEP_ERR_SERVER_UNAVAILABLE = 136,          /* since 2.1: CONNACK 0x88 */
	MEP_ERR_SESSION_TAKEN_OVER = 142,          /* since 2.1: why a connection ended */
	MEP_ERR_CONNECTION_RATE_EXCEEDED = 159,    /* since 2.1: CONNACK 0x9F */
};

/* struct mosquitto_evt_connect of 2.1. */
struct mep_evt_connect {
	void *future;
	struct mosquitto *client;
	void *future2[4];
};

/* struct mosquitto_subscription of 2.1. */
struct mep_subscription {
	const char *clientid;
	const char *topic_filter;
	void *properties;
	uint32_t identifier;
	uint8_t options; /* as in SUBSCRIBE: MQTT 5, 3.8.3.1 */
	uint8_t padding[3];
	void *future2[8];
};

/* struct mosquitto_evt_subscribe of 2.1. */
struct mep_evt_subscribe {
	void *future;
	struct mosquitto *client;
	struct mep_subscription data;
	void *future2[8];
};

/* The layout shared by struct mosquitto_evt_tick of 2.0 (next_ns) and of 2.1 (next_ms). */
struct mep_evt_tick {
	void *future;
	long now_ns;
	long next_ms;
	time_t now_s;
	time_t next_s;
	void *future2[4];
};

#endif
