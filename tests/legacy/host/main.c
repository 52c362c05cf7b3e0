/* `host -c FILE`: reads of a Mosquitto configuration what concerns a plugin and one listener; SIGHUP reloads, SIGTERM
 * ends, as with Mosquitto. */
#include "host.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t running = 1, reload;

void log_line(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

static void on_signal(int number)
{
	if(number == SIGHUP){
		reload = 1;
	}else{
		running = 0;
	}
}

/* The rest of a line that begins with this word; NULL of any other line. */
static char *after(char *line, const char *word)
{
	size_t length = strlen(word);

	if(strncmp(line, word, length)){
		return NULL;
	}
	return line + length + strspn(line + length, " ");
}

int main(int argc, char **argv)
{
	static struct option options[64];
	char line[4096], address[64] = "", path[4096] = "", *rest;
	int count = 0, port = 0;
	FILE *in = argc == 3 ? fopen(argv[2], "r") : NULL;

	while(in && fgets(line, sizeof(line), in)){
		line[strcspn(line, "\n")] = 0;
		if((rest = after(line, "auth_plugin "))){
			snprintf(path, sizeof(path), "%s", rest);
		}else if((rest = after(line, "listener "))){
			sscanf(rest, "%d %63s", &port, address);
		}else if((rest = after(line, "auth_opt_")) && count < 64){
			size_t name = strcspn(rest, " ");

			options[count].value = strdup(rest + name + strspn(rest + name, " "));
			rest[name] = 0;
			options[count++].key = strdup(rest);
		}
	}
	if(!in || !*path || !port){
		log_line("Error: no configuration, plugin or listener.");
		return 1;
	}
	fclose(in);
	setvbuf(stderr, NULL, _IOLBF, 0);
	plugin_load(path, options, count);
	broker_listen(address, port);
	signal(SIGHUP, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	log_line("mosquitto host for API %d running", API);
	while(running){
		broker_turn();
		if(reload){
			reload = 0;
			plugin_reload();
		}
	}
	plugin_unload();
	return 0;
}
