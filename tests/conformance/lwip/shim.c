/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Debian's lwIP on TAP devices, for the conformance suite: interfaces and what its socket API does
 * not tell. lwip_agent.py loads this and the library itself, and uses its sockets.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <lwip/api.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/netif.h>
#include <lwip/priv/sockets_priv.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcpip.h>

#define EXPORT	  __attribute__((visibility("default")))
#define FRAME_MAX 2048

struct port {
	struct netif netif;
	int fd;
	const char *tap, *ip4, *mask, *gateway, *ip6;
	sem_t ready;
};

EXPORT int shim_port(
	const char *tap, const char *ip4, const char *mask, const char *gateway, const char *ip6);
EXPORT int shim_tcp(int s, uint32_t *out);

static struct port ports[2];
static int n_ports;

static err_t frame_out(struct netif *netif, struct pbuf *p)
{
	struct port *port = netif->state;
	uint8_t frame[FRAME_MAX];
	uint16_t len = pbuf_copy_partial(p, frame, sizeof(frame), 0);

	return write(port->fd, frame, len) == len ? ERR_OK : ERR_IF;
}

static void *reader(void *arg)
{
	struct port *port = arg;
	uint8_t frame[FRAME_MAX];
	ssize_t len;

	while ((len = read(port->fd, frame, sizeof(frame))) > 0) {
		struct pbuf *p = pbuf_alloc(PBUF_RAW, (uint16_t)len, PBUF_RAM);

		if (p == NULL)
			continue;
		pbuf_take(p, frame, (uint16_t)len);
		if (port->netif.input(p, &port->netif) != ERR_OK)
			pbuf_free(p);
	}
	return NULL;
}

static err_t netif_setup(struct netif *netif)
{
	const struct port *port = netif->state;

	memcpy(netif->name, "gn", 2);
	netif->mtu = 1500;
	netif->hwaddr_len = 6;
	memcpy(netif->hwaddr, (uint8_t[]){2, 0x11, 0, 0, 0, (uint8_t)(port - ports)}, 6);
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
		       NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
	netif->output = etharp_output;
	netif->output_ip6 = ethip6_output;
	netif->linkoutput = frame_out;
	return ERR_OK;
}

/* On lwIP's own thread. */
static void port_up(void *arg)
{
	struct port *port = arg;
	ip4_addr_t ip4, mask, gateway;
	ip6_addr_t ip6;

	ip4addr_aton(port->ip4, &ip4);
	ip4addr_aton(port->mask, &mask);
	ip4addr_aton(port->gateway, &gateway);
	ip6addr_aton(port->ip6, &ip6);
	netif_add(&port->netif, &ip4, &mask, &gateway, port, netif_setup, tcpip_input);
	if (port == ports)
		netif_set_default(&port->netif);
	netif_set_up(&port->netif);
	netif_set_link_up(&port->netif);
	netif_create_ip6_linklocal_address(&port->netif, 1);
	netif_ip6_addr_set_state(&port->netif, 0, IP6_ADDR_PREFERRED);
	netif_ip6_addr_set(&port->netif, 1, &ip6);
	netif_ip6_addr_set_state(&port->netif, 1, IP6_ADDR_PREFERRED);
	sem_post(&port->ready);
}

int shim_port(
	const char *tap, const char *ip4, const char *mask, const char *gateway, const char *ip6)
{
	struct port *port = &ports[n_ports];
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	pthread_t thread;

	port->ip4 = ip4;
	port->mask = mask;
	port->gateway = gateway;
	port->ip6 = ip6;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", tap);
	port->fd = open("/dev/net/tun", O_RDWR);
	if (port->fd < 0 || ioctl(port->fd, TUNSETIFF, &ifr) != 0 || sem_init(&port->ready, 0, 0))
		return -1;
	if (n_ports++ == 0)
		tcpip_init(port_up, port);
	else
		tcpip_callback(port_up, port);
	sem_wait(&port->ready);
	return pthread_create(&thread, NULL, reader, port);
}

/* A connection's state as RFC 9293 numbers it in lwIP, RTO and SRTT in ms, cwnd, mss. */
int shim_tcp(int s, uint32_t *out)
{
	struct lwip_sock *sock = lwip_socket_dbg_get_socket(s);
	int err = -1;

	LOCK_TCPIP_CORE();
	if (sock != NULL && sock->conn != NULL && sock->conn->pcb.tcp != NULL) {
		const struct tcp_pcb *pcb = sock->conn->pcb.tcp;

		out[0] = pcb->state;
		out[1] = (uint32_t)pcb->rto * TCP_SLOW_INTERVAL;
		out[2] = (uint32_t)(pcb->sa >> 3) * TCP_SLOW_INTERVAL;
		out[3] = pcb->cwnd;
		out[4] = pcb->mss;
		err = 0;
	}
	UNLOCK_TCPIP_CORE();
	return err;
}
