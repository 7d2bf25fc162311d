/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "heap_pool.h"
#include "sock_core.h"

#define PASSES_MAX 100000 /* turns at one instant: more is a core that never comes to rest */

struct sim_host {
	struct sim *sim;
	char name[16];
	struct stack_conf *conf;
	const struct gn_app *app;
	struct owner owner;
	struct core_mesh *mesh;
	unsigned n_ports;
	struct drv_port *cable[CONF_PORTS_MAX]; /* what sim_impair() changes */
	struct drv_port *port[CONF_PORTS_MAX];	/* the tap in front of it */
	struct drv_conf port_conf[CONF_PORTS_MAX];
	struct rte_mempool *pool[CONF_CORES_MAX];
	struct gn_core *core[CONF_CORES_MAX];
	bool started[CONF_CORES_MAX];
};

struct sim {
	struct rng rng;
	uint64_t now_us;
	uint64_t trace;
	FILE *verbose;
	uint8_t n_macs;
	unsigned n_hosts;
	struct sim_host *host[SIM_HOSTS_MAX];
};

static void *sim_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (p == NULL)
		abort();
	return p;
}

struct sim *sim_create(uint64_t seed)
{
	struct sim *s = sim_alloc(sizeof(*s));

	rng_seed(&s->rng, seed);
	s->now_us = SIM_START_US;
	return s;
}

void sim_verbose(struct sim *s, FILE *to)
{
	s->verbose = to;
}

struct stack_conf *sim_conf_create(unsigned n_cores, uint32_t packet_buffers)
{
	struct stack_conf *c = sim_alloc(sizeof(*c));

	stack_conf_default(c);
	c->n_cores = n_cores;
	c->packet_buffers = packet_buffers;
	c->net.acd = false;
	c->net.dad_transmits = 0;
	c->tcp.connections = 256;
	c->tcp.half_open = 256;
	c->tcp.time_wait = 256;
	c->tcp.listeners = 64;
	c->udp_sockets = 32;
	c->net.neigh_max = 64;
	return c;
}

union net_ip sim_ip(bool v6, uint8_t net, uint8_t host)
{
	if (!v6)
		return (union net_ip){.v4 = IP4(10, 0, net, host)};
	return (union net_ip){.v6 = {{0x20, 1, 0xd, 0xb8, [5] = net, [15] = host}}};
}

struct gn_addr sim_addr(bool v6, uint8_t net, uint8_t host, uint16_t port)
{
	union net_ip ip = sim_ip(v6, net, host);
	struct gn_addr a = {.family = v6 ? 6 : 4, .port = port};

	if (v6)
		memcpy(a.v6, ip.v6.b, sizeof(a.v6));
	else
		a.v4 = ip.v4;
	return a;
}

void sim_conf_addr(struct stack_conf *c, unsigned port, uint8_t net, uint8_t host)
{
	struct conf_ifc *f = &c->port[port].ifc[0];

	snprintf(f->name, sizeof(f->name), "if%u", port);
	c->port[port].n_ifc = 1;
	c->n_ports = RTE_MAX(c->n_ports, port + 1);
	f->addr[f->n_addr++] = (struct conf_addr){.ip = sim_ip(false, net, host), .plen = 24};
	f->addr[f->n_addr++] =
		(struct conf_addr){.v6 = true, .ip = sim_ip(true, net, host), .plen = 64};
}

void sim_conf_neigh(struct stack_conf *c, unsigned port, uint8_t net, uint8_t host, uint8_t mac)
{
	struct conf_ifc *f = &c->port[port].ifc[0];

	for (int v6 = 0; v6 <= 1; v6++)
		f->neigh[f->n_neigh++] = (struct conf_neigh){
			.v6 = v6, .ip = sim_ip(v6, net, host), .mac = {2, 0, 0, 0, 0, mac}};
}

struct sim_host *sim_host_add(
	struct sim *s, const char *name, const struct stack_conf *conf, const struct gn_app *app)
{
	struct sim_host *h = sim_alloc(sizeof(*h));

	if (s->n_hosts == SIM_HOSTS_MAX)
		abort();
	s->host[s->n_hosts++] = h;
	h->sim = s;
	snprintf(h->name, sizeof(h->name), "%s", name);
	h->conf = sim_alloc(sizeof(*conf));
	memcpy(h->conf, conf, sizeof(*conf));
	h->app = app;
	for (unsigned i = 0; i < conf->n_cores; i++) {
		h->pool[i] = heap_pool_create(name, conf->packet_buffers, conf->buffer_size);
		if (h->pool[i] == NULL)
			abort();
	}
	return h;
}

void sim_join(struct sim *s, struct sim_host *a, struct sim_host *b, const struct sim_cable *cable)
{
	struct sim_host *h[2] = {a, b};
	struct cable_conf conf = {.seed = rng_u64(&s->rng), .mode = cable->mode};
	struct drv_port *port[2];

	for (unsigned i = 0; i < 2; i++) {
		uint16_t queues =
			cable->max_queues != 0 ? cable->max_queues : (uint16_t)h[i]->conf->n_cores;

		conf.side[i] = (struct cable_side){
			.name = h[i]->name,
			.mac = {2, 0, 0, 0, 0, ++s->n_macs},
			.port_id = (uint16_t)h[i]->n_ports,
			.max_queues = queues,
			.offloads = cable->offloads[i],
			.ring_size = cable->ring_size != 0 ? cable->ring_size : 4096,
			.impair = cable->impair[i],
		};
	}
	if (cable_create(&conf, &port[0], &port[1]) != 0)
		abort();
	for (unsigned i = 0; i < 2; i++) {
		unsigned p = h[i]->n_ports++;

		h[i]->cable[p] = port[i];
		h[i]->port[p] = sim_tap_create(port[i], h[i]->name, &s->trace, &s->verbose);
	}
}

static int sim_port_configure(struct sim_host *h, unsigned i)
{
	const struct stack_conf *c = h->conf;
	struct drv_conf *d = &h->port_conf[i];
	struct drv_port *p = h->port[i];
	struct drv_caps caps;
	int r = p->ops->caps(p, &caps);

	if (r != 0)
		return r;
	d->n_queues = (uint16_t)RTE_MIN(c->n_cores, (unsigned)caps.max_rx_queues);
	d->mtu = c->port[i].mtu;
	d->offloads = c->port[i].offload ? caps.offloads : 0;
	d->rss_key_len = c->rss_key_len;
	memcpy(d->rss_key, c->rss_key, sizeof(d->rss_key));
	d->reta_size = caps.reta_size;
	owner_reta_spread(d->reta, d->reta_size, d->n_queues);
	for (unsigned q = 0; q < d->n_queues; q++)
		d->pool[q] = h->pool[q];
	return p->ops->configure(p, d);
}

static int sim_owner_init(struct sim_host *h)
{
	const struct drv_conf *d = &h->port_conf[0];
	uint16_t reta[OWNER_RETA_MAX];

	if (d->offloads & DRV_RSS)
		return owner_init(&h->owner, d->rss_key, d->rss_key_len, d->reta, d->reta_size);
	owner_reta_spread(reta, 128, (uint16_t)h->conf->n_cores);
	return owner_init(&h->owner, h->conf->rss_key, h->conf->rss_key_len, reta, 128);
}

static int sim_core_start(struct sim_host *h, unsigned i, const struct siphash_key *secret)
{
	struct sim *s = h->sim;
	struct core_params p = {
		.conf = h->conf,
		.index = (uint16_t)i,
		.mesh = h->mesh,
		.owner = &h->owner,
		.pool = h->pool[i],
		.secret = *secret,
		.seed = rng_u64(&s->rng),
		.now_us = s->now_us,
		.n_ports = h->n_ports,
		.app = &sock_core_ops,
	};

	for (unsigned port = 0; port < h->n_ports; port++)
		p.port[port] = (struct core_port){h->port[port], &h->port_conf[port]};
	h->core[i] = core_create(&p);
	return h->core[i] != NULL ? 0 : -errno;
}

static int sim_host_start(struct sim_host *h)
{
	struct siphash_key secret = {rng_u64(&h->sim->rng), rng_u64(&h->sim->rng)};
	int r = 0;

	h->conf->n_ports = h->n_ports;
	for (unsigned i = 0; r == 0 && i < h->n_ports; i++)
		r = h->port[i]->ops->start(h->port[i]);
	if (r == 0)
		r = sim_owner_init(h);
	if (r == 0 && h->conf->n_cores > 1) {
		h->mesh = core_mesh_create(h->conf->n_cores, h->conf->mailbox);
		r = h->mesh != NULL ? 0 : -ENOMEM;
	}
	for (unsigned i = 0; r == 0 && i < h->conf->n_cores; i++)
		r = sim_core_start(h, i, &secret);
	return r;
}

int sim_start(struct sim *s)
{
	int r = 0;

	/* A cable is configured while both its ends are stopped. */
	for (unsigned i = 0; i < s->n_hosts; i++)
		for (unsigned p = 0; r == 0 && p < s->host[i]->n_ports; p++)
			r = sim_port_configure(s->host[i], p);
	for (unsigned i = 0; r == 0 && i < s->n_hosts; i++)
		r = sim_host_start(s->host[i]);
	for (unsigned i = 0; r == 0 && i < s->n_hosts; i++) {
		struct sim_host *h = s->host[i];

		for (unsigned c = 0; r == 0 && c < h->conf->n_cores; c++) {
			r = sock_core_init(h->core[c], h->app);
			h->started[c] = r == 0;
		}
	}
	return r;
}

/* One turn of every core that has something to do; how much was done. */
static unsigned sim_pass(struct sim *s, uint64_t *next_us)
{
	unsigned work = 0;

	*next_us = UINT64_MAX;
	for (unsigned i = 0; i < s->n_hosts; i++) {
		struct sim_host *h = s->host[i];

		for (unsigned c = 0; c < h->conf->n_cores; c++) {
			uint64_t next = core_next_us(h->core[c]);

			if (next <= s->now_us) {
				work += core_turn(h->core[c], s->now_us);
				next = core_next_us(h->core[c]);
			}
			*next_us = RTE_MIN(*next_us, next);
		}
	}
	return work;
}

/* Cores that slept learn the time: who then calls gannet/sock.h from outside finds it right. */
static void sim_wake(struct sim *s)
{
	for (unsigned i = 0; i < s->n_hosts; i++)
		for (unsigned c = 0; c < s->host[i]->conf->n_cores; c++)
			core_turn(s->host[i]->core[c], s->now_us);
}

bool sim_run(struct sim *s, uint64_t until_us, bool (*done)(void *ctx), void *ctx)
{
	uint64_t next;
	unsigned passes = 0;

	sim_wake(s); /* what was called between runs is sent */
	for (;;) {
		unsigned work = sim_pass(s, &next);

		/* What a later host sent at this instant is there for an earlier one at once. */
		if ((work > 0 || next <= s->now_us) && ++passes < PASSES_MAX)
			continue;
		if (passes == PASSES_MAX) {
			fprintf(stderr, "a core does not come to rest at %" PRIu64 " us\n",
				s->now_us);
			abort();
		}
		passes = 0;
		if (done != NULL && done(ctx)) {
			sim_wake(s);
			return true;
		}
		if (next > until_us || next == UINT64_MAX) {
			s->now_us = RTE_MAX(s->now_us, until_us);
			sim_wake(s);
			return false;
		}
		s->now_us = RTE_MAX(next, s->now_us + 1);
	}
}

uint64_t sim_now_us(const struct sim *s)
{
	return s->now_us;
}

void sim_impair(struct sim_host *h, unsigned port, const struct cable_impair *impair)
{
	if (cable_impair_set(h->cable[port], impair) != 0)
		abort();
}

uint64_t sim_cable_count(struct sim_host *h, unsigned port, const char *name)
{
	struct drv_xstat x[64];
	int n = h->cable[port]->ops->xstats(h->cable[port], x, RTE_DIM(x));

	for (int i = 0; i < n; i++)
		if (strcmp(x[i].name, name) == 0)
			return x[i].value;
	abort();
}

struct gn_core *sim_core(struct sim_host *h, unsigned core)
{
	return h->core[core];
}

uint64_t sim_count(struct sim_host *h, enum counter id)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < h->conf->n_cores; i++)
		n += core_env(h->core[i])->cnt.n[id];
	return n;
}

uint64_t sim_drops(struct sim_host *h, enum drop id)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < h->conf->n_cores; i++)
		n += core_env(h->core[i])->cnt.drop[id];
	return n;
}

uint64_t sim_trace(const struct sim *s)
{
	return s->trace;
}

static unsigned left(
	FILE *out, const struct sim_host *h, unsigned core, const char *what, uint64_t n)
{
	if (n == 0)
		return 0;
	fprintf(out, "%s core %u: %" PRIu64 " %s left\n", h->name, core, n, what);
	return 1;
}

static unsigned sim_core_left_over(struct sim_host *h, unsigned i, FILE *out)
{
	struct gn_core *c = h->core[i];
	struct core_usage u;
	struct tcp_usage t;

	core_usage(c, &u);
	tcp_usage(core_tcp(c), &t);
	return left(out, h, i, "packet buffers in use",
		       h->conf->packet_buffers - heap_pool_avail(h->pool[i])) +
	       left(out, h, i, "words in mailboxes", u.mailbox_used) +
	       left(out, h, i, "connections", t.connections) +
	       left(out, h, i, "transmit states", t.busy) +
	       left(out, h, i, "half-open entries", t.half_open) +
	       left(out, h, i, "TIME-WAIT entries", t.time_wait) +
	       left(out, h, i, "UDP sockets", udp_sockets(core_udp(c))) +
	       left(out, h, i, "timers", core_env(c)->wheel.n_armed);
}

unsigned sim_left_over(struct sim *s, FILE *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_hosts; i++)
		for (unsigned c = 0; c < s->host[i]->conf->n_cores; c++)
			n += sim_core_left_over(s->host[i], c, out);
	return n;
}

unsigned sim_destroy(struct sim *s)
{
	unsigned lost = 0;

	for (unsigned i = 0; i < s->n_hosts; i++) {
		struct sim_host *h = s->host[i];

		for (unsigned c = 0; c < h->conf->n_cores; c++)
			if (h->started[c])
				sock_core_exit(h->core[c]);
		for (unsigned c = 0; c < h->conf->n_cores; c++)
			core_destroy(h->core[c]);
		core_mesh_destroy(h->mesh);
	}
	for (unsigned i = 0; i < s->n_hosts; i++)
		for (unsigned p = 0; p < s->host[i]->n_ports; p++)
			s->host[i]->port[p]->ops->close(s->host[i]->port[p]);
	for (unsigned i = 0; i < s->n_hosts; i++) {
		struct sim_host *h = s->host[i];

		for (unsigned c = 0; c < h->conf->n_cores; c++) {
			lost += h->conf->packet_buffers - heap_pool_avail(h->pool[c]);
			heap_pool_free(h->pool[c]);
		}
		free(h->conf);
		free(h);
	}
	free(s);
	return lost;
}
