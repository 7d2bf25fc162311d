/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_priv.h"

/* What the layer above asks for (RFC 9293 section 3.10.2 to 3.10.5). */

uint32_t tcp_room(const struct tcb *t)
{
	return t->snd_queued < t->snd_buf ? t->snd_buf - t->snd_queued : 0;
}

/* Room for what is under way and as much again, as the window of congestion grows. */
static void snd_buf_grow(struct tcp *tcp, struct tcb *t)
{
	uint32_t want = (uint32_t)RTE_MIN(2 * (uint64_t)t->cwnd, t->snd_buf_max);

	if (want <= t->snd_buf)
		return;
	tcp_count(tcp, CNT_tcp_send_buffer_grown);
	t->snd_buf = want;
}

void tcp_room_report(struct tcp *tcp, struct tcb *t)
{
	if (t->flags & TF_WRITABLE)
		snd_buf_grow(tcp, t);
	if (!(t->flags & TF_WRITABLE) || t->snd_queued > t->snd_buf / 2 || t->flags & TF_DETACHED ||
		t->state == TCP_CLOSED)
		return;
	t->flags &= ~TF_WRITABLE;
	tcp->up->writable(tcp->up_ctx, t, tcp_room(t));
}

static int send_allowed(const struct tcb *t)
{
	if (unlikely(t->flags & TF_FIN_QUEUED))
		return -EPIPE;
	return likely(t->flags & TF_SENDING) ? 0 : -ENOTCONN;
}

/* The queue takes no more: writable() follows. What was held back for more to come is let go, or no
 * ACK would ever make room. */
static void send_refused(struct tcp *tcp, struct tcb *t)
{
	t->flags |= TF_WRITABLE;
	t->flags &= ~TF_MORE;
	tcp_out_add(tcp, t);
}

/* A buffer was lacking. If no ACK will come that could bring writable(), the timer does. */
static void send_starved(struct tcp *tcp, struct tcb *t)
{
	send_refused(tcp, t);
	if (t->rexmt_at == TCP_NEVER)
		tcp_rexmt_arm(tcp, t);
}

static void send_queued(struct tcp *tcp, struct tcb *t, bool more)
{
	if (more)
		t->flags |= TF_MORE;
	else
		t->flags &= ~TF_MORE;
	tcp_out_add(tcp, t);
}

#define NOT_FAST_SEND (TF_FIN_QUEUED | TF_MORE | TF_SMALL)

/* A piece that is a segment of its own, with nothing queued before it. */
static __rte_always_inline bool fast_send(
	struct tcp *tcp, struct tcb *t, const void *data, size_t len)
{
	struct txseg *s = tcp->txseg_free;
	struct rte_mbuf *m;

	if (unlikely((t->flags & (NOT_FAST_SEND | TF_SENDING)) != TF_SENDING ||
		     t->tail_seg != NULL || len - 1 >= t->mss || s == NULL ||
		     !txq_has_room(tcp, 1) || !pkt_take(&tcp->env->pool, &m)))
		return false;
	tcp->txseg_free = s->next;
	tcp->tx_bufs++;
	m->tx_offload = 0;
	s->next = NULL;
	s->m = m;
	s->seq = t->snd_una;
	s->len = (uint16_t)len;
	s->off = PKT_HEADERS_MAX;
	s->flags = TXSEG_INPLACE | TXSEG_APPEND | TXSEG_PUSH | TXSEG_BUF;
	t->una_seg = s;
	t->nxt_seg = s;
	t->tail_seg = s;
	t->snd_queued = (uint32_t)len;
	tcp_out_add(tcp, t);
	memcpy((uint8_t *)m->buf_addr + PKT_HEADERS_MAX, data, len);
	return true;
}

static __rte_noinline ssize_t general_send(
	struct tcp *tcp, struct tcb *t, const void *data, size_t len, bool more)
{
	int rc = send_allowed(t);
	uint32_t room = tcp_room(t), take = (uint32_t)RTE_MIN(len, (size_t)room);
	ssize_t done = 0;

	if (unlikely(rc != 0))
		return rc;
	if (likely(take != 0))
		done = txq_copy(tcp, t, data, take);
	if (likely(done > 0))
		send_queued(tcp, t, more);
	if (unlikely(done < (ssize_t)take))
		send_starved(tcp, t);
	else if (unlikely(done < (ssize_t)len))
		send_refused(tcp, t);
	return done;
}

ssize_t tcp_send(struct tcp *tcp, struct tcb *t, const void *data, size_t len, bool more)
{
	if (likely(!more && fast_send(tcp, t, data, len)))
		return (ssize_t)len;
	return general_send(tcp, t, data, len, more);
}

ssize_t tcp_send_nobuf(struct tcp *tcp, struct tcb *t)
{
	int rc = send_allowed(t);

	if (rc != 0)
		return rc;
	send_starved(tcp, t);
	return -ENOBUFS;
}

/* The pointer leaves with the data, or alone if the window keeps that back. */
int tcp_urgent(struct tcp *tcp, struct tcb *t)
{
	int rc = send_allowed(t);

	if (rc != 0)
		return rc;
	if (t->snd_queued == 0)
		return -EINVAL;
	t->snd_up = t->snd_una + t->snd_queued;
	t->flags = (t->flags | TF_URGENT) & ~TF_MORE;
	tcp_ack_now(tcp, t);
	return 0;
}

/* How many stretches m's segments will be. */
static unsigned stretches(const struct rte_mbuf *m, uint16_t mss)
{
	unsigned n = 0;

	for (; m != NULL; m = m->next)
		n += (m->data_len + mss - 1u) / mss;
	return n;
}

/* One segment of a packet becomes stretches of at most mss, each with a reference. */
static void queue_seg(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, struct txseg **list)
{
	uint16_t off = m->data_off, left = m->data_len;
	bool whole = left <= t->mss && RTE_MBUF_DIRECT(m) && off >= PKT_HEADERS_MAX &&
		     rte_mbuf_refcnt_read(m) == 1;

	txq_count(tcp, *list);
	while (left != 0) {
		struct txseg *s = *list;

		*list = s->next;
		s->m = m;
		s->off = off;
		s->len = RTE_MIN(left, t->mss);
		s->flags |= whole ? TXSEG_INPLACE : 0;
		off += s->len;
		left -= s->len;
		if (left != 0)
			rte_mbuf_refcnt_update(m, 1);
		txq_append(t, s);
	}
}

ssize_t tcp_send_buf(struct tcp *tcp, struct tcb *t, struct rte_mbuf *m, bool more)
{
	int rc = send_allowed(t);
	uint32_t len = m->pkt_len;
	struct txseg *list = NULL;

	if (unlikely(rc != 0))
		return rc;
	if (unlikely(len > t->snd_buf))
		return -EMSGSIZE;
	if (unlikely(len > tcp_room(t))) {
		send_refused(tcp, t);
		return -EAGAIN;
	}
	if (unlikely(!txq_has_room(tcp, m->nb_segs))) {
		send_starved(tcp, t);
		return -EAGAIN;
	}
	for (unsigned n = stretches(m, t->mss); n-- > 0;) {
		struct txseg *s = txseg_alloc(tcp);

		if (unlikely(s == NULL)) {
			while (list != NULL) {
				s = list;
				list = s->next;
				txseg_free(tcp, s);
			}
			send_starved(tcp, t);
			return -EAGAIN;
		}
		s->next = list;
		list = s;
	}
	while (m != NULL) {
		struct rte_mbuf *next = m->next;

		m->next = NULL;
		m->nb_segs = 1;
		if (likely(m->data_len != 0))
			queue_seg(tcp, t, m, &list);
		else
			pkt_free_seg(&tcp->env->pool, m);
		m = next;
	}
	if (likely(t->tail_seg != NULL))
		t->tail_seg->flags |= TXSEG_PUSH;
	send_queued(tcp, t, more);
	return len;
}

/*
 * The window is announced when it opened by a quarter of the buffer, or, from nearly closed, by a
 * segment (section 3.8.6.2.2).
 */
static __rte_noinline void window_opened(struct tcp *tcp, struct tcb *t)
{
	if (t->state != TCP_ESTABLISHED && t->state != TCP_FIN_WAIT_1 && t->state != TCP_FIN_WAIT_2)
		return;
	uint32_t space = t->rcv_buf > t->rcv_unread ? t->rcv_buf - t->rcv_unread : 0;
	uint32_t edge = t->rcv_nxt + space, window = t->rcv_adv - t->rcv_nxt;
	uint32_t least = window >= 2u * t->rcv_mss ? t->rcv_buf / 4
						   : RTE_MIN(t->rcv_buf / 2, (uint32_t)t->rcv_mss);

	if (seq_gt(edge, t->rcv_adv) && edge - t->rcv_adv >= least)
		tcp_ack_now(tcp, t);
}

void tcp_consumed(struct tcp *tcp, struct tcb *t, uint32_t n)
{
	t->rcv_unread -= RTE_MIN(n, t->rcv_unread);
	if (unlikely(t->rcv_adv - t->rcv_nxt <= t->rcv_buf / 2)) /* else the next ACK will do */
		window_opened(tcp, t);
}

/* FIN joins the queue; the state changes as if it were sent (section 3.10.4). */
void tcp_shutdown(struct tcp *tcp, struct tcb *t)
{
	if (t->flags & TF_FIN_QUEUED)
		return;
	t->flags |= TF_FIN_QUEUED;
	t->flags &= ~TF_MORE;
	if (t->state == TCP_ESTABLISHED)
		t->state = TCP_FIN_WAIT_1;
	else if (t->state == TCP_CLOSE_WAIT)
		t->state = TCP_LAST_ACK;
	tcp_out_add(tcp, t);
}

void tcp_close(struct tcp *tcp, struct tcb *t)
{
	t->flags |= TF_DETACHED;
	t->handle |= TCP_HANDLE_DEAD;
	if (t->state == TCP_SYN_SENT) {
		tcb_kill(tcp, t);
		return;
	}
	if (t->rcv_unread != 0 ||
		tcp_ooo_waits(t)) { /* SHLD-3: unread data is lost, the peer must know */
		tcp_abort(tcp, t);
		return;
	}
	tcp_shutdown(tcp, t);
	if (t->state == TCP_FIN_WAIT_2) {
		t->close_at = tcp->env->now_us + tcp->conf.fin_wait2_us;
		tcp_timer_want(tcp, t, t->close_at);
	}
}

static bool acknowledged(const struct tcb *t)
{
	return t->state == TCP_FIN_WAIT_2 || t->state == TCP_CLOSED;
}

bool tcp_close_linger(struct tcp *tcp, struct tcb *t, uint64_t linger_us)
{
	if (linger_us == 0) {
		tcp_abort(tcp, t);
		return false;
	}
	tcp_close(tcp, t);
	if (acknowledged(t))
		return false;
	t->flags |= TF_LINGER;
	t->close_at = tcp->env->now_us + linger_us;
	tcp_timer_want(tcp, t, t->close_at);
	return true;
}

static void send_rst(struct tcp *tcp, struct tcb *t)
{
	if (t->state == TCP_SYN_SENT || t->state == TCP_CLOSED)
		return;
	tcp_count(tcp, CNT_tcp_resets_out);
	tcp_xmit_ctl(tcp, t, t->flags & TF_PERSIST ? t->snd_una : t->snd_max,
		WIRE_TCP_RST | WIRE_TCP_ACK);
}

void tcp_abort(struct tcp *tcp, struct tcb *t)
{
	t->flags |= TF_DETACHED;
	t->handle |= TCP_HANDLE_DEAD;
	send_rst(tcp, t);
	tcb_kill(tcp, t);
}

void tcp_abort_report(struct tcp *tcp, struct tcb *t, int err)
{
	send_rst(tcp, t);
	tcb_end(tcp, t, err);
}

void tcp_opts_set(struct tcp *tcp, struct tcb *t, const struct tcp_opts *o)
{
	t->flags &= ~(TF_NODELAY | TF_KEEPALIVE);
	tcb_opts(tcp, t, o);
	tcb_room(tcp, t);
	tcp_timer_update(tcp, t);
	tcp_out_add(tcp, t);
}
