// SPDX-License-Identifier: GPL-2.0-only
/* A veth pair by rtnetlink: few messages, and no package that could be missing. */
#include "agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct message {
	struct nlmsghdr h;
	char body[1024];
};

static void *put(struct message *m, const void *p, size_t len_bytes)
{
	char *at = (char *)m + NLMSG_ALIGN(m->h.nlmsg_len);

	memcpy(at, p, len_bytes);
	m->h.nlmsg_len = NLMSG_ALIGN(m->h.nlmsg_len) + (uint32_t)len_bytes;
	return at;
}

static struct rtattr *attr(struct message *m, unsigned short type, const void *p, size_t len_bytes)
{
	struct rtattr a = { .rta_len = (unsigned short)RTA_LENGTH(len_bytes), .rta_type = type };
	struct rtattr *at = put(m, &a, sizeof a);

	if (len_bytes)
		put(m, p, len_bytes);
	return at;
}

static void nest_end(struct message *m, struct rtattr *at)
{
	at->rta_len = (unsigned short)((char *)m + NLMSG_ALIGN(m->h.nlmsg_len) - (char *)at);
}

static void message_init(struct message *m, unsigned short type, unsigned short flags)
{
	memset(m, 0, sizeof *m);
	m->h.nlmsg_len = NLMSG_HDRLEN;
	m->h.nlmsg_type = type;
	m->h.nlmsg_flags = (unsigned short)(NLM_F_REQUEST | NLM_F_ACK | flags);
}

/* Sends it and waits for the kernel's answer. */
static int talk(struct message *m)
{
	struct { struct nlmsghdr h; struct nlmsgerr e; char rest[2048]; } answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), err;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = send(fd, m, m->h.nlmsg_len, 0);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		do
			n = recv(fd, &answer, sizeof answer, 0);
		while (n < 0 && errno == EINTR);
	err = n < 0 ? -errno : 0;
	close(fd);
	if (err)
		return err;
	return (size_t)n < NLMSG_LENGTH(sizeof answer.e) || answer.h.nlmsg_type != NLMSG_ERROR ? -EPROTO : answer.e.error;
}

int veth_add(const char *name, const char *peer_name, pid_t peer)
{
	const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };
	struct rtattr *info, *data, *other;
	uint32_t pid = (uint32_t)peer;
	struct message m;

	message_init(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	put(&m, &any, sizeof any);
	attr(&m, IFLA_IFNAME, name, strlen(name) + 1);
	info = attr(&m, IFLA_LINKINFO, NULL, 0);
	attr(&m, IFLA_INFO_KIND, "veth", 4);
	data = attr(&m, IFLA_INFO_DATA, NULL, 0);
	other = attr(&m, VETH_INFO_PEER, NULL, 0);
	put(&m, &any, sizeof any);
	attr(&m, IFLA_IFNAME, peer_name, strlen(peer_name) + 1);
	/* it never is in our own namespace: whenever we die, it goes with the peer's */
	attr(&m, IFLA_NET_NS_PID, &pid, sizeof pid);
	nest_end(&m, other);
	nest_end(&m, data);
	nest_end(&m, info);
	return talk(&m);
}

/* An old setting of ethtool's; not being able to is no harm. */
static void ethtool_set(const char *name, uint32_t what, uint32_t value)
{
	struct ethtool_value v = { .cmd = what, .data = value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { 0 };

	if (fd < 0)
		return;
	strncpy(r.ifr_name, name, sizeof r.ifr_name - 1);
	r.ifr_data = (void *)&v;
	(void)ioctl(fd, SIOCETHTOOL, &r);
	close(fd);
}

/* No address of its own for IPv6: it would talk to the neighbours. */
static void no_ipv6(int index)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	const uint8_t none = IN6_ADDR_GEN_MODE_NONE;
	struct rtattr *spec, *inet6;
	struct message m;

	message_init(&m, RTM_NEWLINK, 0);
	put(&m, &link, sizeof link);
	spec = attr(&m, IFLA_AF_SPEC, NULL, 0);
	inet6 = attr(&m, AF_INET6, NULL, 0);
	attr(&m, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof none);
	nest_end(&m, inet6);
	nest_end(&m, spec);
	(void)talk(&m);		/* no IPv6 here: as good */
}

int veth_up(const char *name, uint32_t addr, bool has_napi)
{
	const int index = (int)if_nametoindex(name);
	const struct ifinfomsg up = { .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	const struct ifaddrmsg on = { .ifa_family = AF_INET, .ifa_prefixlen = 30, .ifa_index = (uint32_t)index };
	const uint32_t net = htonl(addr);
	struct message m;
	int err;

	if (!index)
		return -errno;
	no_ipv6(index);
	/* veth has NAPI of its own where GRO is on and the sender has no TSO (veth_skb_is_eligible_for_gro) */
	if (has_napi)
		ethtool_set(name, ETHTOOL_SGRO, 1);
	else
		ethtool_set(name, ETHTOOL_STSO, 0);
	message_init(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	put(&m, &on, sizeof on);
	attr(&m, IFA_LOCAL, &net, sizeof net);
	attr(&m, IFA_ADDRESS, &net, sizeof net);
	err = talk(&m);
	if (err)
		return err;
	message_init(&m, RTM_NEWLINK, 0);
	put(&m, &up, sizeof up);
	return talk(&m);
}

/* Packets that come in by `name` are handled on that CPU, where an interrupt from the sender's CPU says so. */
int veth_rps(const char *name, int cpu)
{
	char path[96], mask[512];
	int fd, err = 0, n;

	snprintf(path, sizeof path, "/sys/class/net/%s/queues/rx-0/rps_cpus", name);
	n = snprintf(mask, sizeof mask, "%x", 1u << cpu % 32);
	for (int i = 0; i < cpu / 32 && n < (int)sizeof mask - 10; i++)
		n += snprintf(mask + n, sizeof mask - (size_t)n, ",00000000");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, mask, (size_t)n) < 0)
		err = -errno;
	close(fd);
	return err;
}

void veth_del(const char *name)
{
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)if_nametoindex(name) };
	struct message m;

	if (!link.ifi_index)
		return;		/* gone with the peer's namespace already */
	message_init(&m, RTM_DELLINK, 0);
	put(&m, &link, sizeof link);
	(void)talk(&m);
}

/* ---- addresses ---- */

/* Is there an address of this machine in the /30? */
static bool has_address(const struct ifaddrs *all, uint32_t net)
{
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET)
			continue;
		if ((ntohl(((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr.s_addr) & ~3u) == net)
			return true;
	}
	return false;
}

/* Does a route, the default apart, lead to a part of the /30? */
static bool has_route(uint32_t net)
{
	FILE *f = fopen("/proc/net/route", "re");
	unsigned dest, mask;
	bool found = false;
	char line[256];

	while (!found && f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%*s %x %*x %*x %*d %*d %*d %x", &dest, &mask) != 2 || !mask)
			continue;
		dest = ntohl(dest);
		mask = ntohl(mask);
		found = (dest & mask & ~3u) == (net & mask & ~3u) || (dest & ~3u) == net;
	}
	if (f)
		fclose(f);
	return found;
}

uint32_t veth_free_net(unsigned seed)
{
	enum { N_NETS = 1 << 15, TRIES = 64 };
	const uint32_t first = 198u << 24 | 18u << 16;		/* 198.18.0.0/15 is for tests: RFC 2544 */
	struct ifaddrs *all = NULL;
	uint32_t found = 0;

	if (getifaddrs(&all))
		return 0;
	for (unsigned i = 0; i < TRIES && !found; i++) {
		uint32_t net = first + (seed + i) % N_NETS * 4;

		if (!has_address(all, net) && !has_route(net))
			found = net;
	}
	freeifaddrs(all);
	return found;
}
