/* The host's functions behind weak symbols, so that the plugin loads (brokers open it with RTLD_NOW)
 * where some of them do not exist, and so that the programs of this package link without a broker.
 * Every function of this header may be called only on the broker's own thread. */
#ifndef MEP_SHIM_H
#define MEP_SHIM_H

/* Which of the optional host functions this broker has. */
struct mep_host {
	bool client_id;         /* mosquitto_client_id: since 1.5 */
	bool set_username;      /* mosquitto_set_username: since 1.6 */
	bool publish;           /* mosquitto_broker_publish_copy: since 2.0 */
	bool kick;              /* mosquitto_kick_client_by_clientid: since 2.0 */
	bool callbacks;         /* mosquitto_callback_register: since 2.0 */
	bool expiry;            /* mosquitto_property_add_int32: since 1.6 */
	bool complete_auth;     /* mosquitto_complete_basic_auth: since 2.1 */
	bool plugin_info;       /* mosquitto_plugin_set_info: since 2.1 */
	bool subscriptions;     /* mosquitto_subscription_add and _delete: since 2.1 */
};

struct mep_host mep_host_probe(void);

int mep_register(mosquitto_plugin_id_t *id, int event, MOSQ_FUNC_generic_callback callback,
		const void *event_data, void *userdata);
int mep_unregister(mosquitto_plugin_id_t *id, int event, MOSQ_FUNC_generic_callback callback,
		const void *event_data);
int mep_set_info(mosquitto_plugin_id_t *id, const char *name, const char *version);

/* Logs one line; the text is never taken for a format. */
void mep_log(int level, const char *text);

const char *mep_client_id(const struct mosquitto *client);
const char *mep_client_username(const struct mosquitto *client);
const char *mep_client_address(const struct mosquitto *client);
int mep_client_protocol_version(const struct mosquitto *client);
bool mep_client_clean_session(const struct mosquitto *client);
/* Whether a client that the broker asks about between SIGHUP and TICK may be one that it has already; false means: surely not. */
bool mep_client_may_be_kept(const struct mosquitto *client);

/* Publishes a copy of payload, to one client id when client_id is not NULL; expiry_s 0 means never.
 * MOSQ_ERR_NOT_SUPPORTED where the broker cannot. */
int mep_publish(const char *client_id, const char *topic, const void *payload, uint32_t payload_len,
		int qos, bool retain, uint32_t expiry_s);
int mep_kick(const char *client_id, bool with_will);

/* Subscriptions on a client's behalf; MOSQ_ERR_NOT_FOUND when there is no such session or subscription. */
int mep_subscribe(const char *client_id, const char *filter, uint8_t qos);
int mep_unsubscribe(const char *client_id, const char *filter);
int mep_complete_auth(const char *client_id, int result);

#endif
