/* SPDX-License-Identifier: BSD-3-Clause */
#include "forward.h"
#include "ip_rx.h"
#include "wire_icmp.h"

/*
 * IPv6 packets for others (RFC 8200, RFC 4291). Extension headers are the destination's affair; those of
 * hop-by-hop options are not looked at, as RFC 8200 section 4.3 leaves to configuration.
 */

static enum drop ip6_may_pass(struct net *n, const struct net_rx *rx, const struct net_pkt *p)
{
	if (p->flags & NET_PKT_L2_MCAST)
		return DROP_fwd_martian;
	if (ip6_any(&p->src.v6) || !ip6_src_ok(rx, &p->src.v6, p->proto) ||
		net_is_local(n, true, &p->src) || ip6_linklocal(&p->dst.v6))
		return DROP_fwd_martian;
	return forward_source_ok(n, p) ? DROP_NONE : DROP_fwd_source;
}

static void ip6_redirect_send(struct net *n, const struct net_pkt *p, const struct forward *f)
{
	/* Only a neighbour is told: one that we know by its address on this link (RFC 4861 section 8.2). */
	if (forward_redirects(n, p, f) && route_on_link(n, p->ifc, true, &p->src))
		nd_redirect_send(n, p, &f->to.v6);
}

enum net_verdict ip6_forward(
	struct net *n, const struct net_rx *rx, struct net_pkt *p, const struct wire_ip6 *h)
{
	enum drop why = ip6_may_pass(n, rx, p);
	struct rte_mbuf *m;
	struct forward f;

	if (why != DROP_NONE)
		return net_drop(n, p, why);
	if (ip6_linklocal(&p->src.v6)) { /* RFC 4443 section 3.1, code 2 */
		net_icmp_error(n, p, WIRE_ICMP6_UNREACH, WIRE_ICMP6_UNREACH_SCOPE, 0);
		return net_drop(n, p, DROP_fwd_martian);
	}
	if (h->hops <= 1) {
		net_icmp_error(n, p, WIRE_ICMP6_TIME, 0, 0);
		return net_drop(n, p, DROP_fwd_ttl);
	}
	why = forward_find(n, p, forward_hash(p, false), &f);
	if (why != DROP_NONE)
		return net_drop(n, p, why);
	if (h->payload_len + (uint32_t)WIRE_IP6_LEN > f.mtu) {
		net_icmp_error(n, p, WIRE_ICMP6_TOO_BIG, 0, f.mtu);
		return net_drop(n, p, DROP_too_big);
	}
	ip6_redirect_send(n, p, &f);
	m = forward_own(n, p, WIRE_IP6_LEN);
	if (m == NULL)
		return NET_DONE;
	rte_pktmbuf_mtod(m, uint8_t *)[7]--;
	net_count(n, CNT_ip6_forwarded);
	forward_send(n, &f, m);
	return NET_DONE;
}
