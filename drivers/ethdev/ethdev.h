/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GN_ETHDEV_H
#define GN_ETHDEV_H

#include "driver.h"

/*
 * Any DPDK poll-mode driver. EAL is initialised; control thread only.
 *
 * name_or_devargs: a PCI address ("0000:01:00.0") or a virtual device with its arguments
 * ("net_tap0,iface=dtap0", "net_af_packet0,iface=veth0,qpairs=2"). A device of that name that EAL
 * knows already (-a, --vdev) is used as it is, arguments ignored; otherwise it is probed now, and
 * removed by close(). A device with several ports gives its first. No device is opened twice.
 *
 * Returns 0, or -errno: -ENODEV no such device or no port on it, -ENOMEM, or what the probe
 * returned. Failures are logged with their cause.
 *
 * Offloads: DRV_RX_SCATTER is switched on by configure() where the MTU needs it. Some devices
 * claim what does not work; for these the capabilities are cut (see ethdev_quirks.c).
 */
int ethdev_probe(const char *name_or_devargs, struct drv_port **out);

#endif
