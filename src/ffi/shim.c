/* See include/shim.h. The asserts hold the layout that src/ffi reads, for 2.0 and 2.1 headers alike. */
#include "wrapper.h"

#define WEAK __attribute__((weak))

/* Redeclaring a host function as weak is enough: with no definition around its address is NULL. */
extern __typeof__(mosquitto_callback_register) mosquitto_callback_register WEAK;
extern __typeof__(mosquitto_callback_unregister) mosquitto_callback_unregister WEAK;
extern __typeof__(mosquitto_log_printf) mosquitto_log_printf WEAK;
extern __typeof__(mosquitto_client_id) mosquitto_client_id WEAK;
extern __typeof__(mosquitto_client_username) mosquitto_client_username WEAK;
extern __typeof__(mosquitto_client_address) mosquitto_client_address WEAK;
extern __typeof__(mosquitto_client_protocol_version) mosquitto_client_protocol_version WEAK;
extern __typeof__(mosquitto_client_clean_session) mosquitto_client_clean_session WEAK;
extern __typeof__(mosquitto_client_protocol) mosquitto_client_protocol WEAK;
extern __typeof__(mosquitto_broker_publish_copy) mosquitto_broker_publish_copy WEAK;
extern __typeof__(mosquitto_kick_client_by_clientid) mosquitto_kick_client_by_clientid WEAK;
extern __typeof__(mosquitto_property_add_int32) mosquitto_property_add_int32 WEAK;
extern __typeof__(mosquitto_property_free_all) mosquitto_property_free_all WEAK;

/* Since 1.6, in its mosquitto_broker.h. */
extern int mosquitto_set_username(struct mosquitto *client, const char *username) WEAK;

/* Since 2.1; the prototypes are those of its broker.h. */
extern void mosquitto_complete_basic_auth(const char *clientid, int result) WEAK;
extern struct mosquitto *mosquitto_client(const char *clientid) WEAK;
extern int mosquitto_plugin_set_info(mosquitto_plugin_id_t *identifier, const char *plugin_name,
		const char *plugin_version) WEAK;
struct mosquitto_subscription;
extern int mosquitto_subscription_add(const struct mosquitto_subscription *sub) WEAK;
extern int mosquitto_subscription_delete(const char *clientid, const char *topic_filter) WEAK;

/* MQTT 5, 3.3.2.3.3 */
#define MESSAGE_EXPIRY_INTERVAL 2

#define AT(type, field, offset) \
	_Static_assert(offsetof(struct type, field) == (offset), #type "." #field " moved")
#if UINTPTR_MAX == UINT64_MAX
AT(mosquitto_acl_msg, topic, 0);
AT(mosquitto_acl_msg, payload, 8);
AT(mosquitto_acl_msg, payloadlen, 16);
AT(mosquitto_acl_msg, qos, 24);
AT(mosquitto_acl_msg, retain, 28);
AT(mosquitto_opt, key, 0);
AT(mosquitto_opt, value, 8);
AT(mosquitto_evt_basic_auth, client, 8);
AT(mosquitto_evt_basic_auth, username, 16);
AT(mosquitto_evt_basic_auth, password, 24);
AT(mosquitto_evt_acl_check, client, 8);
AT(mosquitto_evt_acl_check, topic, 16);
AT(mosquitto_evt_acl_check, payload, 24);
AT(mosquitto_evt_acl_check, access, 40);
AT(mosquitto_evt_acl_check, payloadlen, 44);
AT(mosquitto_evt_acl_check, qos, 48);
AT(mosquitto_evt_acl_check, retain, 49);
AT(mosquitto_evt_control, client, 8);
AT(mosquitto_evt_control, payload, 24);
AT(mosquitto_evt_control, payloadlen, 48);
AT(mosquitto_evt_message, client, 8);
AT(mosquitto_evt_message, topic, 16);
AT(mosquitto_evt_message, payload, 24);
AT(mosquitto_evt_message, payloadlen, 48);
AT(mosquitto_evt_message, qos, 52);
AT(mosquitto_evt_disconnect, client, 8);
AT(mosquitto_evt_disconnect, reason, 16);
AT(mosquitto_evt_tick, now_s, offsetof(struct mep_evt_tick, now_s));
AT(mosquitto_evt_tick, next_s, offsetof(struct mep_evt_tick, next_s));
_Static_assert(sizeof(struct mosquitto_evt_tick) == sizeof(struct mep_evt_tick), "tick grew");
#endif
_Static_assert(MOSQ_EVT_MESSAGE == 7, "event numbers moved");
_Static_assert(MOSQ_EVT_DISCONNECT == 10, "event numbers moved");

#if LIBMOSQUITTO_MAJOR > 2 || (LIBMOSQUITTO_MAJOR == 2 && LIBMOSQUITTO_MINOR >= 1)
_Static_assert((int)MEP_EVT_CONNECT == (int)MOSQ_EVT_CONNECT, "CONNECT moved");
_Static_assert((int)MEP_EVT_CLIENT_OFFLINE == (int)MOSQ_EVT_CLIENT_OFFLINE, "CLIENT_OFFLINE moved");
_Static_assert((int)MEP_EVT_SUBSCRIBE == (int)MOSQ_EVT_SUBSCRIBE, "SUBSCRIBE moved");
_Static_assert((int)MEP_EVT_MESSAGE_OUT == (int)MOSQ_EVT_MESSAGE_OUT, "MESSAGE_OUT moved");
_Static_assert((int)MEP_ERR_PLUGIN_IGNORE == (int)MOSQ_ERR_PLUGIN_IGNORE, "IGNORE moved");
_Static_assert((int)MEP_ERR_AUTH_DELAYED == (int)MOSQ_ERR_AUTH_DELAYED, "AUTH_DELAYED moved");
_Static_assert((int)MEP_ERR_CLIENT_IDENTIFIER_NOT_VALID == (int)MOSQ_ERR_CLIENT_IDENTIFIER_NOT_VALID, "moved");
_Static_assert((int)MEP_ERR_BAD_USERNAME_OR_PASSWORD == (int)MOSQ_ERR_BAD_USERNAME_OR_PASSWORD, "moved");
_Static_assert((int)MEP_ERR_CONNECTION_RATE_EXCEEDED == (int)MOSQ_ERR_CONNECTION_RATE_EXCEEDED, "moved");
_Static_assert((int)MEP_ERR_SESSION_TAKEN_OVER == (int)MOSQ_ERR_SESSION_TAKEN_OVER, "moved");
_Static_assert((int)MEP_ERR_SERVER_UNAVAILABLE == (int)MOSQ_ERR_SERVER_UNAVAILABLE, "moved");
AT(mosquitto_evt_tick, next_ms, offsetof(struct mep_evt_tick, next_ms));
AT(mosquitto_evt_connect, client, offsetof(struct mep_evt_connect, client));
AT(mosquitto_evt_client_offline, client, offsetof(struct mosquitto_evt_disconnect, client));
AT(mosquitto_evt_subscribe, client, offsetof(struct mep_evt_subscribe, client));
AT(mosquitto_evt_subscribe, data, offsetof(struct mep_evt_subscribe, data));
AT(mosquitto_subscription, clientid, offsetof(struct mep_subscription, clientid));
AT(mosquitto_subscription, topic_filter, offsetof(struct mep_subscription, topic_filter));
AT(mosquitto_subscription, identifier, offsetof(struct mep_subscription, identifier));
AT(mosquitto_subscription, options, offsetof(struct mep_subscription, options));
_Static_assert(sizeof(struct mosquitto_subscription) == sizeof(struct mep_subscription), "subscription grew");
#endif

struct mep_host mep_host_probe(void)
{
	return (struct mep_host){
		.client_id = mosquitto_client_id != NULL,
		.set_username = mosquitto_set_username != NULL,
		.publish = mosquitto_broker_publish_copy != NULL,
		.kick = mosquitto_kick_client_by_clientid != NULL,
		.callbacks = mosquitto_callback_register != NULL && mosquitto_callback_unregister != NULL,
		.expiry = mosquitto_property_add_int32 != NULL && mosquitto_property_free_all != NULL,
		.complete_auth = mosquitto_complete_basic_auth != NULL,
		.plugin_info = mosquitto_plugin_set_info != NULL,
		.subscriptions = mosquitto_subscription_add != NULL && mosquitto_subscription_delete != NULL,
	};
}

int mep_register(mosquitto_plugin_id_t *id, int event, MOSQ_FUNC_generic_callback callback,
		const void *event_data, void *userdata)
{
	if(!mosquitto_callback_register){
		return MOSQ_ERR_NOT_SUPPORTED;
	}
	return mosquitto_callback_register(id, event, callback, event_data, userdata);
}

int mep_unregister(mosquitto_plugin_id_t *id, int event, MOSQ_FUNC_generic_callback callback,
		const void *event_data)
{
	if(!mosquitto_callback_unregister){
		return MOSQ_ERR_NOT_SUPPORTED;
	}
	return mosquitto_callback_unregister(id, event, callback, event_data);
}

int mep_set_info(mosquitto_plugin_id_t *id, const char *name, const char *version)
{
	return mosquitto_plugin_set_info ? mosquitto_plugin_set_info(id, name, version) : MOSQ_ERR_NOT_SUPPORTED;
}

void mep_log(int level, const char *text)
{
	if(mosquitto_log_printf){
		mosquitto_log_printf(level, "%s", text);
	}
}

const char *mep_client_id(const struct mosquitto *client)
{
	return mosquitto_client_id ? mosquitto_client_id(client) : NULL;
}

const char *mep_client_username(const struct mosquitto *client)
{
	return mosquitto_client_username ? mosquitto_client_username(client) : NULL;
}

const char *mep_client_address(const struct mosquitto *client)
{
	return mosquitto_client_address ? mosquitto_client_address(client) : NULL;
}

int mep_client_protocol_version(const struct mosquitto *client)
{
	return mosquitto_client_protocol_version ? mosquitto_client_protocol_version(client) : 0;
}

bool mep_client_clean_session(const struct mosquitto *client)
{
	return mosquitto_client_clean_session ? mosquitto_client_clean_session(client) : false;
}

bool mep_client_may_be_kept(const struct mosquitto *client)
{
	if(mosquitto_client){
		/* Whoever logs in is not found by client id until it is in (handle_connect.c). */
		const char *id = mep_client_id(client);
		return id && mosquitto_client(id) == client;
	}
	/* 2.0 between SIGHUP and TICK: only libwebsockets reads then (loop.c). */
	return mosquitto_client_protocol && mosquitto_client_protocol(client) != mp_websockets;
}

int mep_publish(const char *client_id, const char *topic, const void *payload, uint32_t payload_len,
		int qos, bool retain, uint32_t expiry_s)
{
	mosquitto_property *properties = NULL;
	int rc;

	if(!mosquitto_broker_publish_copy || payload_len > INT32_MAX){
		return MOSQ_ERR_NOT_SUPPORTED;
	}
	if(expiry_s && mosquitto_property_add_int32 && mosquitto_property_free_all){
		rc = mosquitto_property_add_int32(&properties, MESSAGE_EXPIRY_INTERVAL, expiry_s);
		if(rc){
			return rc;
		}
	}
	/* On success the broker owns the properties, on failure they stay ours (plugin_public.c). */
	rc = mosquitto_broker_publish_copy(client_id, topic, (int)payload_len, payload, qos, retain, properties);
	if(rc && properties){
		mosquitto_property_free_all(&properties);
	}
	return rc;
}

int mep_kick(const char *client_id, bool with_will)
{
	return mosquitto_kick_client_by_clientid
		? mosquitto_kick_client_by_clientid(client_id, with_will) : MOSQ_ERR_NOT_SUPPORTED;
}

int mep_subscribe(const char *client_id, const char *filter, uint8_t qos)
{
	struct mep_subscription sub = { .clientid = client_id, .topic_filter = filter, .options = qos };
	int rc;

	if(!mosquitto_subscription_add){
		return MOSQ_ERR_NOT_SUPPORTED;
	}
	rc = mosquitto_subscription_add((const struct mosquitto_subscription *)&sub);
	return rc == MOSQ_ERR_SUB_EXISTS ? MOSQ_ERR_SUCCESS : rc;
}

int mep_unsubscribe(const char *client_id, const char *filter)
{
	int rc;

	if(!mosquitto_subscription_delete){
		return MOSQ_ERR_NOT_SUPPORTED;
	}
	rc = mosquitto_subscription_delete(client_id, filter);
	return rc == MOSQ_ERR_NO_SUBSCRIBERS ? MOSQ_ERR_NOT_FOUND : rc;
}

int mep_complete_auth(const char *client_id, int result)
{
	if(!mosquitto_complete_basic_auth){
		return MOSQ_ERR_NOT_SUPPORTED;
	}
	mosquitto_complete_basic_auth(client_id, result);
	return MOSQ_ERR_SUCCESS;
}
