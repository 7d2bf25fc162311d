/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_ETHDEV_PRIV_H
#define GN_ETHDEV_PRIV_H

#include <rte_ethdev.h>

#include "ethdev.h"

#define ETHDEV_QUEUES_MAX 64

/* The argument of the burst functions. */
struct ethdev_queue {
	uint16_t port_id, queue_id;
	uint64_t tx_bad; /* packets that the port cannot send. owner: the queue's core */
} __rte_cache_aligned;

struct ethdev_port {
	struct drv_port port; /* first: a drv_port is its ethdev_port */
	uint16_t id;
	bool probed; /* by us, so close() removes the device */
	bool configured, started;
	bool link_blind; /* the device does not know its link: up while started */
	struct rte_device *device;
	struct drv_conf conf; /* as in force */
	struct ethdev_queue queue[ETHDEV_QUEUES_MAX];
};

static inline struct ethdev_port *ethdev_of(struct drv_port *p)
{
	return (struct ethdev_port *)p;
}

/* ethdev_quirks.c: cuts capabilities that the device claims but does not have. */
void ethdev_quirks(const struct rte_eth_dev_info *info, struct drv_caps *caps);
bool ethdev_link_blind(const struct rte_eth_dev_info *info);

/* ethdev_conf.c: caps and configure of drv_ops, and of start the part that writes RSS. */
int ethdev_caps(struct drv_port *p, struct drv_caps *caps);
int ethdev_configure(struct drv_port *p, struct drv_conf *conf);
/* Writes the RETA of conf to the port, checks that it is kept, and reads the key into conf. */
int ethdev_rss_write(uint16_t id, struct drv_conf *conf);

#endif
