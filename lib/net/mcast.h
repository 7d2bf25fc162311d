/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_NET_MCAST_H
#define GN_NET_MCAST_H

#include "net_msg.h"
#include "net_priv.h"
#include "wire_mcast.h"

/*
 * What this host has joined, and how routers and switches hear of it: IGMPv3 (RFC 3376) and MLDv2
 * (RFC 3810), which are the same but for their formats, with their older versions. IGMPv2 and MLDv1
 * are the same too. Core 0 speaks for the host; the others tell it what they want.
 */
#define MCAST_GROUPS  128 /* of a family on an interface, all cores together */
#define MCAST_CHANGES (2 * NET_SRC_MAX)

/* What one core wants. */
struct mcast_core {
	bool member, stale;
	struct net_filter f;
};

struct mcast_group {
	union net_ip ip;
	struct net_filter now; /* of all cores; INCLUDE of nothing: none is a member */
	uint8_t mode_left;     /* how often the filter mode is still to be told */
	uint8_t n_change;
	struct {
		union net_ip ip;
		uint8_t left;
		bool allow;
	} change[MCAST_CHANGES]; /* sources to be told */
	uint64_t change_us;	 /* when: 0 is never */
	uint64_t query_us;	 /* when a query about the group is to be answered */
	uint8_t n_asked;	 /* about these sources; 0: about the group */
	union net_ip asked[NET_SRC_MAX];
	bool last_reporter;    /* older versions: nobody has reported it after us */
	struct mcast_core *of; /* [n_cores] */
};

/* A family on an interface. */
struct mcast_if {
	struct timer timer;
	struct net *net;
	uint16_t ifc;
	bool v6;
	uint8_t version; /* 3: IGMPv3 or MLDv2; 2: IGMPv2 or MLDv1; 1: IGMPv1 */
	uint8_t robustness;
	uint32_t interval_s;
	uint64_t old_until_us[3]; /* [1], [2]: a querier of that version is present until then */
	uint64_t query_us;	  /* when a general query is to be answered, or 0 */
	unsigned n;
	struct mcast_group *group;
};

struct mcast {
	struct timer retry; /* other cores: all is to be told to core 0 again */
	struct mcast_if mi[NET_IFC_MAX][2];
	struct mcast_group *groups;
	struct mcast_core *cores;
};

void mcast_message(struct net *n, const struct net_msg_group *m);
/* Core 0: a query came; version as mcast_if's; group zero: about all. */
void mcast_query(struct mcast_if *mi, const struct wire_mcast_query *q, const union net_ip *group);
/* Another host has reported the group, in an older version. */
void mcast_heard(struct mcast_if *mi, const union net_ip *group);

static inline bool mcast_none(const struct net_filter *f)
{
	return !f->exclude && f->n == 0;
}

static inline bool mcast_has(const struct net_filter *f, const union net_ip *ip)
{
	for (unsigned i = 0; i < f->n; i++)
		if (net_ip_eq(&f->src[i], ip))
			return true;
	return false;
}

/* mcast_report.c: a report being filled. */
struct mcast_report {
	struct mcast_if *mi;
	struct rte_mbuf *m; /* or NULL */
	uint16_t n;
};

/* A record. One that does not fit goes into a report of its own. */
void mcast_report_add(struct mcast_report *r, uint8_t type, const union net_ip *group,
	const union net_ip *src, unsigned n);
void mcast_report_send(struct mcast_report *r);
/* A report or leave of an older version. */
void mcast_old_send(struct mcast_if *mi, const union net_ip *group, bool leave);

/* igmp.c, mld.c: the message m to dst, its checksum still zero. Takes m. */
void igmp_send(struct net *n, struct ifc *ifc, struct rte_mbuf *m, uint32_t dst);
void mld_send(struct net *n, struct ifc *ifc, struct rte_mbuf *m, const struct ip6 *dst);

#endif
