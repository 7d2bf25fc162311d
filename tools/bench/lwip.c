/* SPDX-License-Identifier: BSD-3-Clause */
#include "lwip.h"

#include <dlfcn.h>
#include <string.h>

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <netif/ethernet.h>

#include "driver.h"

#define LIBRARY	       "liblwip.so.0"
#define BURST	       32
#define TIMEOUTS_TURNS 1024 /* turns from one look at lwIP's timers to the next */

/*
 * lwIP and this stack have functions of the same names (tcp_input, ...), so it is loaded with its
 * names to itself, and called through this table.
 */
/* clang-format off */
#define FUNCTIONS(X) \
	X(lwip_init) X(netif_add) X(netif_set_up) X(netif_set_link_up) \
	X(netif_set_default) X(netif_ip6_addr_set) X(netif_ip6_addr_set_state) \
	X(ethernet_input) X(etharp_output) X(ethip6_output) X(sys_check_timeouts) \
	X(pbuf_alloced_custom) X(pbuf_free) X(udp_new_ip_type) X(udp_bind) X(udp_recv) \
	X(udp_sendto) X(tcp_new_ip_type) X(tcp_bind) X(tcp_listen_with_backlog) \
	X(tcp_accept) X(tcp_recv) X(tcp_write) X(tcp_recved) X(tcp_close)
/* clang-format on */
#define MEMBER(name) __typeof__(&name) name;

static struct {
	FUNCTIONS(MEMBER)
} lwip;

static struct {
	struct drv_port *port;
	struct rte_mempool *pool;
	const struct bench_opts *o;
	struct netif netif;
	struct rte_mbuf *out[BURST];
	uint16_t n_out;
	uint32_t turns;
	uint64_t bytes;
} host;

static void load(void)
{
	void *lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);

	if (lib == NULL)
		bench_die("lwIP: %s", dlerror());
#define LOAD(name)                                                   \
	do {                                                         \
		*(void **)&lwip.name = dlsym(lib, #name);            \
		if (lwip.name == NULL)                               \
			bench_die("lwIP: no %s in " LIBRARY, #name); \
	} while (0);
	FUNCTIONS(LOAD)
}

/* ---- frames ---- */

/* The head of a packet buffer holds lwIP's own; the frame begins behind it. */
static void frame_free(struct pbuf *p)
{
	rte_pktmbuf_free((struct rte_mbuf *)((char *)p - sizeof(struct rte_mbuf)));
}

static void frame_in(struct rte_mbuf *m)
{
	struct pbuf_custom *c = m->buf_addr;
	uint16_t len = m->data_len;

	if (m->nb_segs != 1 || rte_pktmbuf_headroom(m) < sizeof(*c)) {
		rte_pktmbuf_free(m);
		return;
	}
	c->custom_free_function = frame_free;
	struct pbuf *p = lwip.pbuf_alloced_custom(
		PBUF_RAW, len, PBUF_REF, c, rte_pktmbuf_mtod(m, void *), len);

	if (p == NULL || lwip.ethernet_input(p, &host.netif) != ERR_OK)
		rte_pktmbuf_free(m);
}

static void flush(uint64_t now_us)
{
	uint16_t sent = 0;

	while (sent < host.n_out)
		sent += host.port->tx(host.port->tx_queue[0], host.out + sent,
			(uint16_t)(host.n_out - sent), now_us);
	host.n_out = 0;
}

static err_t frame_out(struct netif *netif, struct pbuf *p)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(host.pool);

	if (m == NULL)
		return ERR_MEM;
	for (; p != NULL; p = p->next)
		memcpy(rte_pktmbuf_append(m, p->len), p->payload, p->len);
	host.out[host.n_out++] = m;
	if (host.n_out == BURST)
		flush(0);
	return ERR_OK;
}

static err_t netif_setup(struct netif *netif)
{
	netif->name[0] = 'g';
	netif->name[1] = 'n';
	netif->mtu = 1500;
	netif->output = lwip.etharp_output;
	netif->output_ip6 = lwip.ethip6_output;
	netif->linkoutput = frame_out;
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
	return ERR_OK;
}

/* ---- the server ---- */

static void server_udp(
	void *arg, struct udp_pcb *u, struct pbuf *p, const ip_addr_t *from, uint16_t port)
{
	lwip.udp_sendto(u, p, from, port);
	lwip.pbuf_free(p);
}

static err_t server_received(void *arg, struct tcp_pcb *t, struct pbuf *p, err_t err)
{
	if (p == NULL)
		return lwip.tcp_close(t);
	if (host.o->scenario == BENCH_TCP_STREAM)
		__atomic_store_n(&host.bytes, host.bytes + p->tot_len, __ATOMIC_RELAXED);
	else
		lwip.tcp_write(t, p->payload, p->len, TCP_WRITE_FLAG_COPY);
	lwip.tcp_recved(t, p->tot_len);
	lwip.pbuf_free(p);
	return host.o->server_closes ? lwip.tcp_close(t) : ERR_OK;
}

static err_t server_accepted(void *arg, struct tcp_pcb *t, err_t err)
{
	tcp_nagle_disable(t);
	lwip.tcp_recv(t, server_received);
	return ERR_OK;
}

static void serve(void)
{
	ip_addr_t any = {.type = IPADDR_TYPE_ANY};

	if (host.o->scenario == BENCH_UDP_ECHO) {
		struct udp_pcb *u = lwip.udp_new_ip_type(IPADDR_TYPE_ANY);

		if (u == NULL || lwip.udp_bind(u, &any, BENCH_PORT) != ERR_OK)
			bench_die("lwIP: cannot bind");
		lwip.udp_recv(u, server_udp, NULL);
		return;
	}
	struct tcp_pcb *t = lwip.tcp_new_ip_type(IPADDR_TYPE_ANY);

	if (t == NULL || lwip.tcp_bind(t, &any, BENCH_PORT) != ERR_OK ||
		(t = lwip.tcp_listen_with_backlog(t, 255)) == NULL)
		bench_die("lwIP: cannot listen");
	lwip.tcp_accept(t, server_accepted);
}

void bench_lwip_create(struct drv_port *port, struct rte_mempool *pool, const uint8_t mac[6],
	const struct bench_opts *o)
{
	ip4_addr_t ip, mask, gw = {0};
	ip6_addr_t ip6 = {.addr = {PP_HTONL(0xfd000000), 0, 0, PP_HTONL(2)}};

	host.port = port;
	host.pool = pool;
	host.o = o;
	load();
	lwip.lwip_init();
	IP4_ADDR(&ip, 10, 0, 0, 2);
	IP4_ADDR(&mask, 255, 0, 0, 0);
	host.netif.hwaddr_len = 6;
	memcpy(host.netif.hwaddr, mac, 6);
	if (lwip.netif_add(&host.netif, &ip, &mask, &gw, NULL, netif_setup, lwip.ethernet_input) ==
		NULL)
		bench_die("lwIP: cannot add an interface");
	lwip.netif_ip6_addr_set(&host.netif, 0, &ip6);
	lwip.netif_ip6_addr_set_state(&host.netif, 0, IP6_ADDR_PREFERRED);
	lwip.netif_set_default(&host.netif);
	lwip.netif_set_up(&host.netif);
	lwip.netif_set_link_up(&host.netif);
	serve();
}

unsigned bench_lwip_turn(uint64_t now_us)
{
	struct rte_mbuf *m[BURST];
	uint16_t n = host.port->rx(host.port->rx_queue[0], m, BURST, now_us);

	for (uint16_t i = 0; i < n; i++)
		frame_in(m[i]);
	if (++host.turns % TIMEOUTS_TURNS == 0)
		lwip.sys_check_timeouts();
	if (host.n_out > 0)
		flush(now_us);
	return n;
}

uint64_t bench_lwip_bytes(void)
{
	return __atomic_load_n(&host.bytes, __ATOMIC_RELAXED);
}
