/* What bindgen and the shim read: the installed headers of Mosquitto, whichever version they are of,
 * and our own declarations. No header of Mosquitto is copied into this repository. */
#ifndef MEP_WRAPPER_H
#define MEP_WRAPPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <mosquitto.h>
/* From 2.1 on mosquitto.h brings the broker's and the plugin's declarations along. */
#if LIBMOSQUITTO_MAJOR < 2 || (LIBMOSQUITTO_MAJOR == 2 && LIBMOSQUITTO_MINOR < 1)
#	include <mosquitto_broker.h>
#	include <mosquitto_plugin.h>
#else
#	include <mosquitto/broker.h>
#	include <mosquitto/broker_plugin.h>
#endif

#include "compat.h"
#include "shim.h"

#endif
