//! The messages of NETLINK_ROUTE and their attributes (linux/rtnetlink.h, if_link.h, if_addr.h, neighbour.h,
//! fib_rules.h), with the layouts of what is not in network order.

use std::ops::RangeInclusive;

/// What an attribute holds.
#[derive(Debug)]
pub(super) enum Kind {
    /// Fields.
    Fields(&'static str),
    /// Other attributes.
    Nested(Attributes),
    /// The hops of a route.
    Hops,
}

/// Attributes by number.
pub(super) type Attributes = &'static [(u16, Kind)];

/// Every number that does not come before it.
pub(super) const ANY: u16 = 0xffff;

/// Messages that begin alike.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) types: RangeInclusive<u16>,
    pub(super) header: &'static str,
    pub(super) header_len: usize,
    pub(super) attributes: Attributes,
}

/// The messages: links, addresses, routes, neighbours, rules, queues and filters, neighbours' tables, labels of addresses,
/// settings, statistics.
pub(super) static FAMILIES: [Family; 7] = [
    Family { types: 16..=19, header: "2bh3w", header_len: 16, attributes: LINK },
    Family { types: 20..=22, header: "4bw", header_len: 8, attributes: ADDRESS },
    Family { types: 24..=26, header: "8bw", header_len: 12, attributes: ROUTE },
    Family { types: 28..=30, header: "2bhwh2b", header_len: 12, attributes: NEIGHBOUR },
    Family { types: 32..=34, header: "8bw", header_len: 12, attributes: RULE },
    Family { types: 72..=74, header: "4b2w", header_len: 12, attributes: LABEL },
    Family { types: 80..=82, header: "b", header_len: 4, attributes: SETTINGS },
];

use Kind::{Fields, Hops, Nested};

const BYTES: Kind = Fields("b");
const HALF: Kind = Fields("h");
const WORD: Kind = Fields("w");
const WORDS: Kind = Fields("w*");
const WIDES: Kind = Fields("q*");

/// What the kernel adds to an acknowledgement: a text, and the offset of what it does not like.
pub(super) const ACKNOWLEDGEMENT: Attributes = &[(1, BYTES), (2, WORD)];

const LINK: Attributes = &[
    (1, BYTES),            // IFLA_ADDRESS
    (2, BYTES),            // IFLA_BROADCAST
    (3, BYTES),            // IFLA_IFNAME
    (4, WORD),             // IFLA_MTU
    (5, WORD),             // IFLA_LINK
    (6, BYTES),            // IFLA_QDISC
    (7, WORDS),            // IFLA_STATS
    (8, BYTES),            // IFLA_COST
    (9, BYTES),            // IFLA_PRIORITY
    (10, WORD),            // IFLA_MASTER
    (13, WORD),            // IFLA_TXQLEN
    (14, Fields("3qh2b")), // IFLA_MAP
    (15, WORD),            // IFLA_WEIGHT
    (16, BYTES),           // IFLA_OPERSTATE
    (17, BYTES),           // IFLA_LINKMODE
    // IFLA_LINKINFO: its kind; what else there is belongs to that kind.
    (18, Nested(&[(1, BYTES), (4, BYTES)])),
    (19, WORD),                    // IFLA_NET_NS_PID
    (20, BYTES),                   // IFLA_IFALIAS
    (21, WORD),                    // IFLA_NUM_VF
    (23, WIDES),                   // IFLA_STATS64
    (26, Nested(FAMILY_SETTINGS)), // IFLA_AF_SPEC
    (27, WORD),                    // IFLA_GROUP
    (28, WORD),                    // IFLA_NET_NS_FD
    (29, WORD),                    // IFLA_EXT_MASK
    (30, WORD),                    // IFLA_PROMISCUITY
    (31, WORD),                    // IFLA_NUM_TX_QUEUES
    (32, WORD),                    // IFLA_NUM_RX_QUEUES
    (33, BYTES),                   // IFLA_CARRIER
    (34, BYTES),                   // IFLA_PHYS_PORT_ID
    (35, WORD),                    // IFLA_CARRIER_CHANGES
    (36, BYTES),                   // IFLA_PHYS_SWITCH_ID
    (37, WORD),                    // IFLA_LINK_NETNSID
    (38, BYTES),                   // IFLA_PHYS_PORT_NAME
    (39, BYTES),                   // IFLA_PROTO_DOWN
    (40, WORD),                    // IFLA_GSO_MAX_SEGS
    (41, WORD),                    // IFLA_GSO_MAX_SIZE
    (43, Nested(&[(1, WORD), (2, BYTES), (3, WORD), (4, WORD), (5, WORD), (6, WORD), (7, WORD), (8, WORD)])), // IFLA_XDP
    (44, WORD),                   // IFLA_EVENT
    (45, WORD),                   // IFLA_NEW_NETNSID
    (46, WORD),                   // IFLA_TARGET_NETNSID
    (47, WORD),                   // IFLA_CARRIER_UP_COUNT
    (48, WORD),                   // IFLA_CARRIER_DOWN_COUNT
    (49, WORD),                   // IFLA_NEW_IFINDEX
    (50, WORD),                   // IFLA_MIN_MTU
    (51, WORD),                   // IFLA_MAX_MTU
    (52, Nested(&[(53, BYTES)])), // IFLA_PROP_LIST
    (53, BYTES),                  // IFLA_ALT_IFNAME
    (54, BYTES),                  // IFLA_PERM_ADDRESS
    (56, BYTES),                  // IFLA_PARENT_DEV_NAME
    (57, BYTES),                  // IFLA_PARENT_DEV_BUS_NAME
    (58, WORD),                   // IFLA_GRO_MAX_SIZE
    (59, WORD),                   // IFLA_TSO_MAX_SIZE
    (60, WORD),                   // IFLA_TSO_MAX_SEGS
    (61, WORD),                   // IFLA_ALLMULTI
    (63, WORD),                   // IFLA_GSO_IPV4_MAX_SIZE
    (64, WORD),                   // IFLA_GRO_IPV4_MAX_SIZE
];

/// By address family: IPv4, IPv6.
const FAMILY_SETTINGS: Attributes = &[
    (2, Nested(&[(1, WORDS)])),
    (
        10,
        Nested(&[
            (1, WORD),
            (2, WORDS),
            (3, WIDES),
            (5, WORDS),
            (6, WIDES),
            (7, BYTES),
            (8, BYTES),
            (9, WORD),
        ]),
    ),
];

const ADDRESS: Attributes = &[
    (1, BYTES),  // IFA_ADDRESS
    (2, BYTES),  // IFA_LOCAL
    (3, BYTES),  // IFA_LABEL
    (4, BYTES),  // IFA_BROADCAST
    (5, BYTES),  // IFA_ANYCAST
    (6, WORDS),  // IFA_CACHEINFO
    (7, BYTES),  // IFA_MULTICAST
    (8, WORD),   // IFA_FLAGS
    (9, WORD),   // IFA_RT_PRIORITY
    (10, WORD),  // IFA_TARGET_NETNSID
    (11, BYTES), // IFA_PROTO
];

pub(super) const ROUTE: Attributes = &[
    (1, BYTES),                               // RTA_DST
    (2, BYTES),                               // RTA_SRC
    (3, WORD),                                // RTA_IIF
    (4, WORD),                                // RTA_OIF
    (5, BYTES),                               // RTA_GATEWAY
    (6, WORD),                                // RTA_PRIORITY
    (7, BYTES),                               // RTA_PREFSRC
    (8, Nested(&[(16, BYTES), (ANY, WORD)])), // RTA_METRICS
    (9, Hops),                                // RTA_MULTIPATH
    (11, WORD),                               // RTA_FLOW
    (12, WORDS),                              // RTA_CACHEINFO
    (15, WORD),                               // RTA_TABLE
    (16, WORD),                               // RTA_MARK
    (17, WIDES),                              // RTA_MFC_STATS
    (18, HALF),                               // RTA_VIA: a family, then its address
    (20, BYTES),                              // RTA_PREF
    (23, WORD),                               // RTA_EXPIRES
    (25, WORD),                               // RTA_UID
    (26, BYTES),                              // RTA_TTL_PROPAGATE
    (27, BYTES),                              // RTA_IP_PROTO
    (28, BYTES),                              // RTA_SPORT
    (29, BYTES),                              // RTA_DPORT
    (30, WORD),                               // RTA_NH_ID
];

const NEIGHBOUR: Attributes = &[
    (1, BYTES),  // NDA_DST
    (2, BYTES),  // NDA_LLADDR
    (3, WORDS),  // NDA_CACHEINFO
    (4, WORD),   // NDA_PROBES
    (5, HALF),   // NDA_VLAN
    (6, BYTES),  // NDA_PORT
    (7, WORD),   // NDA_VNI
    (8, WORD),   // NDA_IFINDEX
    (9, WORD),   // NDA_MASTER
    (10, WORD),  // NDA_LINK_NETNSID
    (11, WORD),  // NDA_SRC_VNI
    (12, BYTES), // NDA_PROTOCOL
    (13, WORD),  // NDA_NH_ID
    (15, WORD),  // NDA_FLAGS_EXT
];

const RULE: Attributes = &[
    (1, BYTES),         // FRA_DST
    (2, BYTES),         // FRA_SRC
    (3, BYTES),         // FRA_IIFNAME
    (4, WORD),          // FRA_GOTO
    (6, WORD),          // FRA_PRIORITY
    (10, WORD),         // FRA_FWMARK
    (11, WORD),         // FRA_FLOW
    (12, BYTES),        // FRA_TUN_ID
    (13, WORD),         // FRA_SUPPRESS_IFGROUP
    (14, WORD),         // FRA_SUPPRESS_PREFIXLEN
    (15, WORD),         // FRA_TABLE
    (16, WORD),         // FRA_FWMASK
    (17, BYTES),        // FRA_OIFNAME
    (19, BYTES),        // FRA_L3MDEV
    (20, WORDS),        // FRA_UID_RANGE
    (21, BYTES),        // FRA_PROTOCOL
    (22, BYTES),        // FRA_IP_PROTO
    (23, Fields("h*")), // FRA_SPORT_RANGE
    (24, Fields("h*")), // FRA_DPORT_RANGE
];

const LABEL: Attributes = &[(1, BYTES), (2, WORD)];

const SETTINGS: Attributes = &[(ANY, WORD)];
