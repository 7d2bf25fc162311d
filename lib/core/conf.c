/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf.h"

#include <string.h>

#include "owner.h"

void stack_conf_default(struct stack_conf *c)
{
	*c = (struct stack_conf){
		.n_cores = 1,
		.control_cpu = -1,
		.idle = CONF_IDLE_YIELD,
		.hugepages = true,
		.packet_buffers = 16384,
		.buffer_size = RTE_MBUF_DEFAULT_BUF_SIZE,
		.mailbox = 1024,
		.timer_budget = 256,
		.rx_budget = 32,
		.rss_key_len = OWNER_KEY_MIN,
		.udp_sockets = 1024,
	};
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
