/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core_priv.h"
#include "log.h"

/* Payload of the largest TSO frame: its IP length field has 16 bits, minus the longest headers. */
#define CORE_TSO_MAX (65535 - 40 - 60)

static uint32_t core_ifc_offloads(const struct core_params *p, const struct drv_conf *on)
{
	uint32_t o = 0;

	if (on->offloads & DRV_TX_IP_CKSUM)
		o |= NET_TX_IP_CKSUM;
	if (on->offloads & DRV_TX_L4_CKSUM)
		o |= NET_TX_L4_CKSUM;
	if (on->offloads & DRV_TX_MULTI_SEGS)
		o |= NET_TX_MULTI_SEGS;
	if (on->offloads & DRV_TX_VLAN)
		o |= NET_TX_VLAN;
	/* All flows of a lone core are its own. Otherwise DRV_RSS says that the port's key and RETA
	 * are those of the owner function. */
	if (p->conf->n_cores == 1 || (on->offloads & DRV_RSS) != 0)
		o |= NET_RX_STEERED;
	return o;
}

static void core_ifc_tmpl(const struct core_params *p, unsigned port, const struct conf_ifc *conf,
	struct net_ifc *ifc)
{
	struct drv_port *drv = p->port[port].drv;
	const struct drv_conf *on = p->port[port].conf;
	struct drv_link link = {.up = true};
	struct drv_caps caps = {0};

	drv->ops->caps(drv, &caps);
	if (drv->ops->link != NULL)
		drv->ops->link(drv, &link);
	*ifc = (struct net_ifc){
		.port = port,
		.mtu = p->conf->port[port].mtu,
		.tso_max = on->offloads & DRV_TX_TSO ? CORE_TSO_MAX : 0,
		.offloads = core_ifc_offloads(p, on),
		.up = link.up,
		.forward = conf->forward,
		.rpf = conf->rpf,
	};
	memcpy(ifc->mac, caps.mac, sizeof(ifc->mac));
	if (conf->vlan.outer != 0)
		ifc->tci[ifc->n_tags++] = conf->vlan.outer;
	if (conf->vlan.inner != 0)
		ifc->tci[ifc->n_tags++] = conf->vlan.inner;
	snprintf(ifc->name, sizeof(ifc->name), "%s", conf->name);
}

/* Says what failed; answers ret. */
static int core_conf_failed(const struct conf_ifc *conf, const char *what, unsigned i, int ret)
{
	gn_log(GN_LOG_ERR, "interface %s: %s %u: %s", conf->name, what, i, strerror(-ret));
	return ret;
}

static int core_ifc_apply(struct gn_core *c, uint16_t index, const struct conf_ifc *conf)
{
	int ret;

	for (unsigned i = 0; i < conf->n_neigh; i++) {
		const struct conf_neigh *n = &conf->neigh[i];

		ret = net_neigh_add(c->net, index, n->v6, &n->ip, n->mac);
		if (ret != 0)
			return core_conf_failed(conf, "neighbour", i, ret);
	}
	if (conf->link_local && (ret = net_ifc_linklocal(c->net, index)) != 0 && ret != -EEXIST)
		return core_conf_failed(conf, "link-local address", 0, ret);
	for (unsigned i = 0; i < conf->n_addr; i++) {
		const struct conf_addr *a = &conf->addr[i];

		ret = net_addr_add(c->net, index, a->v6, &a->ip, a->plen);
		if (ret != 0)
			return core_conf_failed(conf, "address", i, ret);
	}
	for (unsigned i = 0; i < conf->n_route; i++) {
		const struct conf_route *r = &conf->route[i];

		ret = net_route_add(c->net, r->v6, &r->prefix, r->plen, &r->via, index, r->metric);
		if (ret == 0)
			ret = net_route_opts_set(
				c->net, r->v6, &r->prefix, r->plen, &r->via, &r->opts);
		if (ret != 0)
			return core_conf_failed(conf, "route", i, ret);
	}
	return 0;
}

int core_conf_apply(struct gn_core *c, const struct core_params *p)
{
	for (unsigned port = 0; port < p->n_ports; port++) {
		const struct conf_port *conf = &p->conf->port[port];

		for (unsigned i = 0; i < conf->n_ifc; i++) {
			struct net_ifc tmpl;
			int index, ret;

			core_ifc_tmpl(p, port, &conf->ifc[i], &tmpl);
			index = net_ifc_add(c->net, &tmpl);
			if (index < 0)
				return core_conf_failed(&conf->ifc[i], "port", port, index);
			ret = core_ifc_apply(c, index, &conf->ifc[i]);
			if (ret != 0)
				return ret;
		}
	}
	return 0;
}
