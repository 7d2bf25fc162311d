/* SPDX-License-Identifier: BSD-3-Clause */
#include "eal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_version.h>

#define EAL_ARGS_MAX 64 /* ours, a PCI address a port, and the caller's */
#define EAL_ARGS_OWN (16 + CONF_PORTS_MAX)

/* Process-wide, as EAL itself is; control thread only. */
static struct {
	char prefix[64];
	char memory[64];
	char dir[PATH_MAX];
	char arg[EAL_ARGS_MAX][1024];
	char *argv[EAL_ARGS_MAX + 1];
	int argc;
} eal;

__attribute__((format(printf, 1, 2))) static void eal_arg(const char *fmt, ...)
{
	char *arg = eal.arg[eal.argc];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(arg, sizeof(eal.arg[0]), fmt, ap);
	va_end(ap);
	eal.argv[eal.argc++] = arg;
}

__attribute__((format(printf, 4, 5))) static int eal_error(
	int ret, char *err, size_t err_size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, err_size, fmt, ap);
	va_end(ap);
	return ret;
}

/* Where EAL keeps a prefix's sockets and shared tables. */
static void eal_runtime_dir(char *dir, size_t size, const char *prefix)
{
	const char *base = getenv("RUNTIME_DIRECTORY");

	if (base == NULL)
		base = getuid() == 0 ? "/var/run" : getenv("XDG_RUNTIME_DIR");
	snprintf(dir, size, "%s/dpdk/%s", base != NULL ? base : "/tmp", prefix);
}

/* A primary process holds a write lock on its configuration as long as it lives. */
static bool eal_prefix_taken(const char *dir)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[PATH_MAX + 8];
	bool taken;
	int fd;

	snprintf(path, sizeof(path), "%s/config", dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	taken = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return taken;
}

/* The program's name where it is free: then a start after a crash finds and clears the hugepage
 * files of the crashed one. */
static void eal_prefix_choose(const struct eal_opts *o)
{
	bool given = o->file_prefix != NULL && o->file_prefix[0] != '\0';

	snprintf(eal.prefix, sizeof(eal.prefix), "%s", given ? o->file_prefix : o->prog);
	eal_runtime_dir(eal.dir, sizeof(eal.dir), eal.prefix);
	if (given || !eal_prefix_taken(eal.dir))
		return;
	snprintf(eal.prefix, sizeof(eal.prefix), "%.40s-%d", o->prog, (int)getpid());
	eal_runtime_dir(eal.dir, sizeof(eal.dir), eal.prefix);
}

/* "0@(0-1),1@0,2@1": the control thread on any CPU that the process may use, unless told. */
static int eal_lcores(const struct stack_conf *conf, char *err, size_t err_size)
{
	char text[sizeof(eal.arg[0]) - 16];
	cpu_set_t allowed;
	int n;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return eal_error(-errno, err, err_size, "sched_getaffinity: %s", strerror(errno));
	if (conf->control_cpu >= 0) {
		n = snprintf(text, sizeof(text), "0@%d", conf->control_cpu);
	} else {
		n = snprintf(text, sizeof(text), "0@(");
		for (int cpu = 0; cpu < CPU_SETSIZE && n < (int)sizeof(text) / 3; cpu++)
			if (CPU_ISSET(cpu, &allowed))
				n += snprintf(&text[n], sizeof(text) - n, "%d,", cpu);
		text[n - 1] = ')';
	}
	for (unsigned i = 0; i < conf->n_cores; i++) {
		int cpu = conf->cpu[i];

		if (cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &allowed))
			return eal_error(-EINVAL, err, err_size,
				"core %u: this process cannot run on CPU %d", i, cpu);
		n += snprintf(&text[n], sizeof(text) - n, ",%u@%d", i + 1, cpu);
	}
	eal_arg("--lcores=%s", text);
	return 0;
}

static uint32_t eal_hugepages_free_mb(void)
{
	static const char base[] = "/sys/kernel/mm/hugepages";
	struct dirent *d;
	uint64_t total_kb = 0;
	DIR *dir = opendir(base);

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		char path[PATH_MAX];
		unsigned long n, kb;
		FILE *f;

		if (sscanf(d->d_name, "hugepages-%lukB", &kb) != 1)
			continue;
		snprintf(path, sizeof(path), "%s/%s/free_hugepages", base, d->d_name);
		f = fopen(path, "re");
		if (f == NULL)
			continue;
		if (fscanf(f, "%lu", &n) == 1)
			total_kb += n * kb;
		fclose(f);
	}
	if (dir != NULL)
		closedir(dir);
	return total_kb >> 10;
}

/*
 * Bytes that a packet buffer costs. DPDK does not let one cross the border of a page, so that
 * ordinary pages often hold but one each.
 */
static uint64_t eal_buffer_bytes(const struct stack_conf *conf)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t size = sizeof(struct rte_mbuf) + conf->buffer_size + 2 * RTE_CACHE_LINE_SIZE;

	if (conf->hugepages)
		return size;
	return size <= page ? page / (page / size) : size + page;
}

/* What EAL must have: packet buffers, descriptors, and room for its own and the drivers' tables.
 * (The stack's tables are ordinary memory.) Untouched pages cost nothing. */
static uint32_t eal_memory_mb(const struct stack_conf *conf)
{
	uint64_t buffer = eal_buffer_bytes(conf) + 16; /* and its place in the pool's ring */
	uint64_t pools = (uint64_t)conf->n_cores * conf->packet_buffers * buffer;
	uint64_t queues = (uint64_t)conf->n_cores * conf->n_ports * (2 << 20);

	if (conf->memory_mb != 0)
		return conf->memory_mb;
	return ((pools + pools / 8 + queues) >> 20) + 64 + 4 * conf->n_cores;
}

bool eal_hugepages_suffice(const struct stack_conf *conf)
{
	return eal_hugepages_free_mb() >= eal_memory_mb(conf);
}

static int eal_memory(const struct stack_conf *conf, char *err, size_t err_size)
{
	if (!conf->hugepages) {
		eal_arg("--no-huge");
		eal_arg("-m%u", eal_memory_mb(conf));
		return 0;
	}
	if (!eal_hugepages_suffice(conf))
		return eal_error(-ENOMEM, err, err_size,
			"%u MB of hugepages are free, %u MB are needed: reserve more "
			"(dpdk-hugepages.py --setup) or configure memory without hugepages",
			eal_hugepages_free_mb(), eal_memory_mb(conf));
	if (conf->memory_mb != 0)
		eal_arg("-m%u", conf->memory_mb);
	return 0;
}

/* A PCI device is probed by EAL only if it is named here; with none the bus is not looked at. */
static void eal_devices(const struct stack_conf *conf)
{
	unsigned n_pci = 0;

	for (unsigned i = 0; i < conf->n_ports; i++) {
		const char *device = conf->port[i].device;
		unsigned a, b, c, d;

		if (sscanf(device, "%4x:%2x:%2x.%1u", &a, &b, &c, &d) != 4 &&
			sscanf(device, "%2x:%2x.%1u", &a, &b, &c) != 3)
			continue;
		eal_arg("--allow=%s", device);
		n_pci++;
	}
	if (n_pci == 0)
		eal_arg("--no-pci");
}

int eal_start(const struct stack_conf *conf, const struct eal_opts *o, char *err, size_t err_size)
{
	int ret;

	if (o->n_arg > EAL_ARGS_MAX - EAL_ARGS_OWN)
		return eal_error(-E2BIG, err, err_size, "%u arguments for DPDK, %u are possible",
			o->n_arg, EAL_ARGS_MAX - EAL_ARGS_OWN);
	eal.argc = 0;
	eal_prefix_choose(o);
	eal_arg("%s", o->prog);
	ret = eal_lcores(conf, err, err_size);
	if (ret == 0)
		ret = eal_memory(conf, err, err_size);
	if (ret != 0)
		return ret;
	eal_arg("--file-prefix=%s", eal.prefix);
	eal_arg("--log-level=*:warning");
	eal_arg("--log-level=gannet:info");
	eal_devices(conf);
	for (unsigned i = 0; i < o->n_arg; i++)
		eal_arg("%s", o->arg[i]);
	if (rte_eal_init(eal.argc, eal.argv) < 0)
		return eal_error(-rte_errno, err, err_size, "DPDK cannot start: %s",
			rte_strerror(rte_errno));
	if (conf->hugepages)
		snprintf(eal.memory, sizeof(eal.memory), "hugepages");
	else
		snprintf(eal.memory, sizeof(eal.memory), "no-huge (%u MB of ordinary pages)",
			eal_memory_mb(conf));
	return 0;
}

void eal_stop(void)
{
	struct dirent *d;
	DIR *dir;

	rte_eal_cleanup();
	dir = opendir(eal.dir);
	if (dir == NULL)
		return;
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.')
			unlinkat(dirfd(dir), d->d_name, 0);
	closedir(dir);
	rmdir(eal.dir);
}

const char *eal_prefix(void)
{
	return eal.prefix;
}

const char *eal_memory_mode(void)
{
	return eal.memory;
}
