/* SPDX-License-Identifier: BSD-3-Clause */
typedef int gn_empty;
