/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <unistd.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_memory.h>

#include "httpd.h"

/* Maps one file's pages for a port that reads by DMA; bus addresses are virtual addresses. */
static bool memory_map(struct rte_device *dev, const struct content_file *f)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t len = (f->size + page - 1) / page * page;
	void *addr = (void *)(uintptr_t)f->data;

	/* The same memory for a second port: already registered, still to be mapped. */
	if (rte_extmem_register(addr, len, NULL, 0, page) < 0 && rte_errno != EEXIST)
		return false;
	return rte_dev_dma_map(dev, addr, (uintptr_t)addr, len) == 0;
}

/*
 * Virtual devices read with the CPU. A real NIC reads by DMA: with IOVA as VA its IOMMU can be told
 * of our pages; with physical addresses a piece of several pages is not contiguous, so the content
 * is copied into packet buffers instead.
 */
static bool memory_share_port(const struct content *content, struct rte_device *dev)
{
	const struct rte_bus *bus = dev == NULL ? NULL : rte_dev_bus(dev);

	if (bus == NULL || strcmp(rte_bus_name(bus), "vdev") == 0)
		return true;
	if (rte_eal_iova_mode() != RTE_IOVA_VA)
		return false;
	for (uint32_t i = 0; i < content->n_files; i++) {
		const struct content_file *f = &content->files[i];
		bool again = i > 0 && f[-1].data == f->data;

		if (f->size > HTTPD_COPY_MAX && !again && !memory_map(dev, f))
			return false;
	}
	return true;
}

bool memory_share(const struct content *content)
{
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port) {
		struct rte_eth_dev_info info;

		if (rte_eth_dev_info_get(port, &info) != 0 ||
			!memory_share_port(content, info.device))
			return false;
	}
	return true;
}
