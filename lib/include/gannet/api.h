/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GANNET_API_H
#define GANNET_API_H

#define GN_API __attribute__((visibility("default")))

#endif
