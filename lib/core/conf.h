/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_CORE_CONF_H
#define GN_CORE_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "driver.h"
#include "net.h"
#include "tcp_conf.h"

/* The whole configuration of a stack, as checked values. ctl/ fills it from YAML and options. */
#define CONF_CORES_MAX 64
#define CONF_PORTS_MAX 16

enum conf_idle { CONF_IDLE_SPIN, CONF_IDLE_YIELD, CONF_IDLE_SLEEP };

struct conf_addr {
	bool v6;
	union net_ip ip;
	uint8_t plen;
};

struct conf_route {
	bool v6;
	union net_ip prefix;
	uint8_t plen;
	union net_ip via; /* all zero: on link */
	uint32_t metric;
	/* opts.ecn is an enum tcp_choice, opts.cc an enum tcp_cc_id + 1; 0: as elsewhere. */
	struct net_route_opts opts;
};

struct conf_neigh {
	bool v6;
	union net_ip ip;
	uint8_t mac[6];
};

struct conf_vlan {
	uint16_t outer, inner; /* 0: no such tag; both 0: the untagged interface */
};

/* An interface of a port: untagged or a VLAN, with its addresses and routes. */
struct conf_ifc {
	char name[32];
	struct conf_vlan vlan;
	unsigned n_addr, n_route, n_neigh;
	struct conf_addr addr[2 * NET_ADDR_MAX];
	struct conf_route route[64];
	struct conf_neigh neigh[64];
	bool link_local; /* make an IPv6 link-local address; default true */
	bool forward;	 /* default false */
	uint8_t rpf;	 /* enum net_rpf */
};

struct conf_port {
	char name[32];
	char device[256]; /* PCI address or vdev devargs, for ethdev_probe() */
	uint16_t mtu;	  /* 68 (1280 with IPv6) to 9000 */
	uint16_t rx_desc, tx_desc;
	bool promiscuous;
	bool offload; /* use the port's offloads; default true */
	unsigned n_ifc;
	struct conf_ifc ifc[NET_IFC_MAX];
};

struct stack_conf {
	unsigned n_cores;	     /* stack cores */
	int16_t cpu[CONF_CORES_MAX]; /* CPU of each stack core; several cores may share one */
	int16_t control_cpu;	     /* -1: any */
	enum conf_idle idle;
	bool hugepages;			  /* false: --no-huge */
	uint32_t memory_mb;		  /* 0: EAL's default with hugepages, computed without */
	uint32_t packet_buffers;	  /* a core */
	uint16_t buffer_size;		  /* data room of a packet buffer, headroom included */
	uint32_t mailbox;		  /* words a mailbox holds, a power of two; default 1024 */
	uint32_t timer_budget, rx_budget; /* a turn; default 256 timers, 32 packets a port */
	uint8_t rss_key_len;
	uint8_t rss_key[DRV_RSS_KEY_MAX];
	struct net_conf net;
	struct tcp_conf tcp;
	uint32_t udp_sockets; /* a core; default 1024 */
	uint64_t seed;	      /* 0: from getrandom(); else repeatable */
	unsigned n_ports;
	struct conf_port port[CONF_PORTS_MAX];
};

/* All defaults; no ports, one core. */
void stack_conf_default(struct stack_conf *c);

#endif
