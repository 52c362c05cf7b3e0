/* Just enough of a broker: MQTT 3.1.1 over TCP, deliveries at QoS 0 and 1 as sent, retained messages, takeovers. No
 * sessions beyond the connection, no wills. One thread, which the plugin may stop as it would stop Mosquitto's. */
#define _GNU_SOURCE
#include "host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 256, RETAINED = 64 };

struct kept {
	char *topic;
	void *payload;
	long payload_len;
	char *sender_id;
	char *sender_name;
};

static int listener = -1;
static struct mosquitto *clients;
static struct kept retained[RETAINED];

void broker_listen(const char *address, int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int on = 1;

	inet_pton(AF_INET, address, &at.sin_addr);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if(bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 100)){
		log_line("Error: %s", strerror(errno));
		exit(1);
	}
}

static void end(struct mosquitto *client)
{
	if(!client->ended){
		client->ended = true;
		close(client->fd);
		log_line("Client %s disconnected.", client->id ? client->id : "<unknown>");
	}
}

static void send_packet(struct mosquitto *client, uint8_t type, const void *body, size_t length)
{
	uint8_t head[5] = { type };
	size_t at = 1, left = length;

	do{
		head[at] = (uint8_t)(left % 128);
		left /= 128;
		head[at++] |= left ? 0x80 : 0;
	}while(left);
	if(send(client->fd, head, at, MSG_NOSIGNAL | MSG_MORE) < 0
			|| (length && send(client->fd, body, length, MSG_NOSIGNAL) < 0)){
		end(client);
	}
	int on = 1;
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Reads a length-prefixed field; NULL when it does not fit. */
static char *field(const uint8_t *body, size_t length, size_t *at, size_t *field_length)
{
	size_t wanted;
	char *copy;

	if(*at + 2 > length){
		return NULL;
	}
	wanted = (size_t)body[*at] << 8 | body[*at + 1];
	if(*at + 2 + wanted > length){
		return NULL;
	}
	copy = calloc(wanted + 1, 1);
	memcpy(copy, body + *at + 2, wanted);
	*at += 2 + wanted;
	if(field_length){
		*field_length = wanted;
	}
	return copy;
}

/* Wildcards do not reach topics that begin with `$`. */
static bool matches(const char *filter, const char *topic)
{
	if((*topic == '$') != (*filter == '$')){
		return false;
	}
	for(;;){
		size_t f = strcspn(filter, "/"), t = strcspn(topic, "/");

		if(f == 1 && *filter == '#'){
			return true;
		}
		if(!(f == 1 && *filter == '+') && (f != t || memcmp(filter, topic, f))){
			return false;
		}
		filter += f;
		topic += t;
		if(!*topic){
			return !*filter || !strcmp(filter, "/#");
		}
		if(!*filter){
			return false;
		}
		filter++;
		topic++;
	}
}

static void deliver(struct mosquitto *to, const struct message *message, bool kept)
{
	size_t topic = strlen(message->topic), length = 2 + topic + (size_t)message->payload_len;
	uint8_t *body;

	if(plugin_acl(to, READ, message) != SUCCESS){
		return;
	}
	body = malloc(length);
	body[0] = (uint8_t)(topic >> 8);
	body[1] = (uint8_t)topic;
	memcpy(body + 2, message->topic, topic);
	memcpy(body + 2 + topic, message->payload, (size_t)message->payload_len);
	send_packet(to, kept ? 0x31 : 0x30, body, length);
	free(body);
}

static void keep(struct mosquitto *sender, const struct message *message)
{
	struct kept *place = NULL;

	for(struct kept *k = retained; k < retained + RETAINED; k++){
		if(k->topic && !strcmp(k->topic, message->topic)){
			place = k;
			break;
		}
		if(!k->topic && !place){
			place = k;
		}
	}
	if(!place){
		return;
	}
	place->topic = message->payload_len ? strdup(message->topic) : NULL;
	place->payload = malloc((size_t)message->payload_len + 1);
	memcpy(place->payload, message->payload, (size_t)message->payload_len);
	place->payload_len = message->payload_len;
	place->sender_id = strdup(sender->id);
	place->sender_name = sender->username ? strdup(sender->username) : NULL;
}

/* 1.5 and 1.6 ask about the sender once more, with a client made up for it (check_retain_source). */
static void deliver_kept(struct mosquitto *to, const char *filter)
{
	for(struct kept *k = retained; k < retained + RETAINED; k++){
		struct message message = { k->topic, k->payload, k->payload_len, 0, true };
		struct mosquitto sender = { .id = k->sender_id, .username = k->sender_name };

		if(k->topic && matches(filter, k->topic)
				&& (API == 2 || plugin_acl(&sender, WRITE, &message) == SUCCESS)){
			deliver(to, &message, true);
		}
	}
}

static void on_connect(struct mosquitto *client, const uint8_t *body, size_t length)
{
	uint8_t answer[2] = { 0, 0 };
	size_t at = 10;
	uint8_t flags;
	char *username = NULL, *password = NULL;
	int rc;

	if(client->username || length < 12){
		end(client);
		return;
	}
	flags = body[7];
	client->clean = flags & 0x02;
	client->id = field(body, length, &at, NULL);
	if(flags & 0x80){
		username = field(body, length, &at, NULL);
	}
	if(flags & 0x40){
		password = field(body, length, &at, NULL);
	}
	/* allow_anonymous false */
	rc = username && client->id ? plugin_login(client, username, password) : AUTH;
	if(rc == SUCCESS){
		for(struct mosquitto *c = clients; c; c = c->next){
			if(c != client && !c->ended && c->id && !strcmp(c->id, client->id)){
				log_line("Client %s already connected, closing old connection.", c->id);
				end(c);
			}
		}
		client->username = username;
		log_line("New client connected from %s as %s (u'%s').", client->address, client->id, username);
		send_packet(client, 0x20, answer, 2);
		return;
	}
	if(rc == AUTH){
		answer[1] = 5;
		send_packet(client, 0x20, answer, 2);
	}
	end(client);
}

static void on_publish(struct mosquitto *client, uint8_t type, const uint8_t *body, size_t length)
{
	struct message message = { .qos = type >> 1 & 3, .retain = type & 1 };
	size_t at = 0;
	char *topic = field(body, length, &at, NULL);
	uint8_t id[2] = { 0, 0 };

	if(!topic || (message.qos && at + 2 > length)){
		free(topic);
		end(client);
		return;
	}
	if(message.qos){
		memcpy(id, body + at, 2);
		at += 2;
	}
	message.topic = topic;
	message.payload = body + at;
	message.payload_len = (long)(length - at);
	if(plugin_acl(client, WRITE, &message) == SUCCESS){
		if(message.retain){
			keep(client, &message);
		}
		for(struct mosquitto *c = clients; c; c = c->next){
			for(char **filter = c->filters; !c->ended && filter < c->filters + SUBSCRIPTIONS; filter++){
				if(*filter && matches(*filter, topic)){
					deliver(c, &message, false);
					break;
				}
			}
		}
	}
	if(message.qos){
		send_packet(client, 0x40, id, 2);
	}
	free(topic);
}

static void on_subscribe(struct mosquitto *client, const uint8_t *body, size_t length)
{
	uint8_t codes[2 + SUBSCRIPTIONS] = { body[0], body[1] };
	size_t at = 2, count = 0;
	char *filter;

	while(count < SUBSCRIPTIONS && (filter = field(body, length, &at, NULL))){
		struct message message = { .topic = filter, .qos = body[at] };
		uint8_t code = 0x80;

		at++;
		if(plugin_acl(client, SUBSCRIBE, &message) == SUCCESS){
			char **place = client->filters;

			while(place < client->filters + SUBSCRIPTIONS - 1 && *place){
				place++;
			}
			*place = filter;
			code = 0;
		}
		codes[2 + count++] = code;
	}
	send_packet(client, 0x90, codes, 2 + count);
	for(size_t n = 0, f = 0; n < SUBSCRIPTIONS && f < count; n++){
		if(client->filters[n] && ++f){
			deliver_kept(client, client->filters[n]);
		}
	}
}

static void on_packet(struct mosquitto *client, uint8_t type, const uint8_t *body, size_t length)
{
	if(type >> 4 == 1){
		on_connect(client, body, length);
	}else if(!client->username){
		end(client);
	}else if(type >> 4 == 3){
		on_publish(client, type, body, length);
	}else if(type >> 4 == 8 && length > 2){
		on_subscribe(client, body, length);
	}else if(type >> 4 == 12){
		send_packet(client, 0xd0, NULL, 0);
	}else if(type >> 4 == 14){
		end(client);
	}
}

/* Takes whole packets out of what has come. */
static void on_bytes(struct mosquitto *client)
{
	ssize_t got = read(client->fd, client->in + client->got, PACKET - client->got);

	if(got <= 0){
		end(client);
		return;
	}
	client->got += (size_t)got;
	for(;;){
		size_t at = 1, length = 0, shift = 0;

		while(at < client->got && at < 5){
			length |= (size_t)(client->in[at] & 0x7f) << shift;
			shift += 7;
			if(!(client->in[at++] & 0x80)){
				shift = 0;
				break;
			}
		}
		if(client->ended || client->got < 2 || shift || client->got < at + length){
			return;
		}
		on_packet(client, client->in[0], client->in + at, length);
		client->got -= at + length;
		memmove(client->in, client->in + at + length, client->got);
	}
}

static void on_connection(void)
{
	struct mosquitto *client = calloc(1, sizeof(*client));

	client->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	client->address = "127.0.0.1";
	client->in = malloc(PACKET);
	client->next = clients;
	clients = client;
}

/* Memory of ended connections is given back between turns, as in Mosquitto; names and filters leak, for brevity. */
static void forget_ended(void)
{
	for(struct mosquitto **c = &clients; *c; ){
		struct mosquitto *client = *c;

		if(client->ended){
			*c = client->next;
			free(client->in);
			free(client);
		}else{
			c = &client->next;
		}
	}
}

void broker_turn(void)
{
	struct pollfd files[CLIENTS] = { { .fd = listener, .events = POLLIN } };
	struct mosquitto *whose[CLIENTS] = { NULL };
	nfds_t count = 1;

	for(struct mosquitto *c = clients; c && count < CLIENTS; c = c->next){
		files[count] = (struct pollfd){ .fd = c->fd, .events = POLLIN };
		whose[count++] = c;
	}
	if(poll(files, count, 100) <= 0){
		return;
	}
	for(nfds_t n = 1; n < count; n++){
		if(files[n].revents && !whose[n]->ended){
			on_bytes(whose[n]);
		}
	}
	if(files[0].revents){
		on_connection();
	}
	forget_ended();
}
