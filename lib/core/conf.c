/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf.h"

#include <string.h>

#include "owner.h"

void stack_conf_default(struct stack_conf *c)
{
	/* Not a compound literal: the struct is too large for a thread's stack. */
	memset(c, 0, sizeof(*c));
	c->n_cores = 1;
	c->control_cpu = -1;
	c->idle = CONF_IDLE_YIELD;
	c->hugepages = true;
	c->packet_buffers = 16384;
	c->buffer_size = RTE_MBUF_DEFAULT_BUF_SIZE;
	c->mailbox = 1024;
	c->timer_budget = 256;
	c->rx_budget = 32;
	c->udp_sockets = 1024;
	c->rss_key_len = OWNER_KEY_MIN;
	memcpy(c->rss_key, owner_key_default, OWNER_KEY_MIN);
	for (unsigned i = 0; i < CONF_CORES_MAX; i++)
		c->cpu[i] = i;
	net_conf_default(&c->net);
	tcp_conf_default(&c->tcp);
	for (unsigned p = 0; p < CONF_PORTS_MAX; p++) {
		c->port[p].mtu = 1500;
		c->port[p].offload = true;
		for (unsigned i = 0; i < NET_IFC_MAX; i++)
			c->port[p].ifc[i].link_local = true;
	}
}
