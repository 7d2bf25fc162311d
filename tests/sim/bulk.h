/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_SIM_BULK_H
#define GN_SIM_BULK_H

#include "sim.h"

/*
 * Flows of one host to another over a bottleneck: every byte is checked, what each flow carried is
 * measured, and its course can be written down for plots.
 *
 * Order of calls: bulk_plan_default(), changes, bulk_run().
 */
#define BULK_FLOWS_MAX 16

struct bulk_plan {
	uint64_t seed;
	unsigned n_flows;
	const char *cc[BULK_FLOWS_MAX];	   /* NULL: the configured default */
	uint64_t start_us[BULK_FLOWS_MAX]; /* from the begin of the run */
	uint64_t rate_bps;		   /* of the bottleneck */
	uint32_t rtt_us;		   /* without queues: half of it each way */
	double buffer_bdp;		   /* the bottleneck's queue */
	uint64_t buffer_bytes;		   /* instead, if not 0 */
	uint64_t mark_bytes;		   /* 0: the link marks nothing */
	struct cable_impair wrong;	   /* loss and the like of data, besides rate and delay */
	struct cable_impair wrong_acks;	   /* and of acknowledgements */
	bool v6;
	uint16_t mtu;
	uint64_t duration_us; /* flows send until then, then shut down */
	uint64_t warm_us;     /* what a flow carried is measured from here on to duration_us */
	uint64_t bytes;	      /* not 0: a flow ends after so many */
	FILE *trace;	      /* CSV, one line a flow and trace_us; NULL: none */
	uint64_t trace_us;
	void (*conf)(struct stack_conf *c, void *ctx); /* further changes to both hosts; or NULL */
	void *conf_ctx;
};

struct bulk_flow_result {
	uint64_t bytes;	   /* received in all */
	uint64_t measured; /* of these, from warm_us to duration_us */
	uint32_t retransmits;
	uint32_t max_cwnd, min_srtt_us, max_srtt_us; /* of the samples after warm_us */
	uint64_t done_us;			     /* when the last byte had arrived */
};

struct bulk_result {
	struct bulk_flow_result flow[BULK_FLOWS_MAX];
	double utilisation; /* of the bottleneck: frames of what was measured, 1 is all */
	double jain;	    /* Jain's index of the flows' measured bytes */
	double min_max;	    /* the least of them over the greatest */
	uint64_t queue_drops, marked;
	uint64_t end_us;
	char why[256]; /* the first thing that went wrong, or empty */
};

void bulk_plan_default(struct bulk_plan *p);
/* False: r->why. */
bool bulk_run(const struct bulk_plan *p, struct bulk_result *r);
/* The first line of a trace. */
void bulk_trace_header(FILE *f);

#endif
