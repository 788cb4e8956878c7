//! Mounting, by the calls that take it apart; quotas; the list of file systems.

use super::files::check_extensible;
use crate::linux::host::{self, Arg, Errno};
use crate::linux::structure::{self, HostBuffer, Member};
use crate::linux::syscall::{Call, SysResult};

/// `fsconfig`: what the value is.
const FSCONFIG_SET_STRING: u32 = 1;
const FSCONFIG_SET_BINARY: u32 = 2;
const FSCONFIG_SET_PATH: u32 = 3;
const FSCONFIG_SET_PATH_EMPTY: u32 = 4;

pub(crate) fn fsconfig(c: &mut Call<'_>) -> SysResult {
    let (command, key, addr) = (c.uint(1), c.optional_string(2)?, c.uint(3));
    let key = key.as_deref().map_or(Arg::null(), Arg::string);
    let call =
        |value: Arg<'_>| host::call(SYS_FSCONFIG, &[c.int_arg(0), command.into(), key, value, c.int_arg(4)]);
    match command {
        FSCONFIG_SET_STRING if addr != 0 => call(Arg::string(&c.string_at(addr)?)),
        FSCONFIG_SET_PATH | FSCONFIG_SET_PATH_EMPTY if addr != 0 => call(Arg::string(&c.path(3)?)),
        FSCONFIG_SET_BINARY => call(c.buffer(addr, u64::from(c.uint(4)))?),
        // Values that are missing, or that there should not be: the host refuses them.
        _ if addr == 0 => call(Arg::null()),
        _ => Err(Errno(libc::EINVAL)),
    }
}

// The same numbers on all architectures.
const SYS_FSCONFIG: i64 = libc::SYS_fsconfig;
const SYS_STATMOUNT: i64 = 457;
const SYS_LISTMOUNT: i64 = 458;
const SYS_OPEN_TREE_ATTR: i64 = 467;

/// `struct mount_attr`: attributes to set, attributes to clear, propagation, a descriptor.
const MOUNT_ATTRIBUTES: [Member; 1] = [Member::U64(4)];
const MOUNT_ATTRIBUTES_SIZE: u32 = 32;

pub(crate) fn mount_setattr(c: &mut Call<'_>) -> SysResult {
    with_attributes(c, libc::SYS_mount_setattr)
}

pub(crate) fn open_tree_attr(c: &mut Call<'_>) -> SysResult {
    with_attributes(c, SYS_OPEN_TREE_ATTR)
}

fn with_attributes(c: &Call<'_>, number: i64) -> SysResult {
    let path = c.path(1)?;
    let (addr, size) = (c.uint(3), c.uint(4));
    let mut attributes = match (addr, size) {
        (0, 0) => None,
        _ => {
            check_extensible(c, addr, size, MOUNT_ATTRIBUTES_SIZE)?;
            Some(HostBuffer::read(c.memory(), addr, &MOUNT_ATTRIBUTES)?)
        }
    };
    let (attributes, size) = match &mut attributes {
        Some(attributes) => (attributes.arg(), MOUNT_ATTRIBUTES_SIZE),
        None => (Arg::null(), 0),
    };
    host::call(number, &[c.int_arg(0), Arg::string(&path), c.uint_arg(2), attributes, size.into()])
}

/// `struct mnt_id_req` (size, a descriptor or nothing, mount, parameter, name space), of which older programs have less.
const MOUNT_REQUEST: [Member; 2] = [Member::U32(2), Member::U64(2)];
const MOUNT_REQUEST_NEWER: [Member; 2] = [Member::U32(2), Member::U64(3)];

fn mount_request(c: &Call<'_>) -> Result<HostBuffer, Errno> {
    let (addr, members) = match c.memory().read_u32(c.uint(0))? {
        24 => (c.uint(0), &MOUNT_REQUEST),
        32 => (c.uint(0), &MOUNT_REQUEST_NEWER),
        _ => return Err(Errno(libc::EINVAL)),
    };
    HostBuffer::read(c.memory(), addr, members)
}

/// The fixed part of `struct statmount`; strings follow it.
const STATMOUNT: [Member; 13] = [
    Member::U32(2),
    Member::U64(1),
    Member::U32(2),
    Member::U64(1),
    Member::U32(2),
    Member::U64(2),
    Member::U32(2),
    Member::U64(5),
    Member::U32(2),
    Member::U64(1),
    Member::U32(6),
    Member::U64(1),
    Member::U32(4),
];
/// Where strings begin.
const STATMOUNT_SIZE: u32 = 512;

pub(crate) fn statmount(c: &mut Call<'_>) -> SysResult {
    const MOST: u32 = 1 << 20;
    let (memory, addr, size) = (c.memory(), c.uint(1), c.uint(2));
    let mut request = mount_request(c)?;
    if size > MOST {
        return Err(Errno(libc::EOVERFLOW));
    }
    let mut found = HostBuffer::new(size as usize);
    let args = [request.arg(), found.arg(), size.into(), c.uint_arg(3)];
    let result = host::call(SYS_STATMOUNT, &args)?;
    let mut bytes = found.bytes();
    bytes.truncate(size as usize);
    memory.write_bytes(addr, &bytes)?;
    if size >= STATMOUNT_SIZE {
        structure::write(memory, addr, &STATMOUNT, &bytes)?;
    }
    Ok(result)
}

pub(crate) fn listmount(c: &mut Call<'_>) -> SysResult {
    const MOST: u32 = 1_000_000;
    let mut request = mount_request(c)?;
    let count = c.uint(2);
    if count > MOST {
        return Err(Errno(libc::EOVERFLOW));
    }
    let mut found = vec![0u64; count as usize];
    let args = [request.arg(), Arg::outputs(&mut found), count.into(), c.uint_arg(3)];
    let got = host::call(SYS_LISTMOUNT, &args)?;
    for (i, &mount) in found.iter().take(got as usize).enumerate() {
        c.memory().write_u64(c.uint(1).wrapping_add(8 * i as u32), mount)?;
    }
    Ok(got)
}

/// `sysfs`: numbers and names of the kinds of file systems.
pub(crate) fn sysfs(c: &mut Call<'_>) -> SysResult {
    const INDEX_OF: u32 = 1;
    const NAME_OF: u32 = 2;
    const COUNT: u32 = 3;
    const NAME_MAX: usize = 256;
    match c.uint(0) {
        INDEX_OF => {
            let name = c.string_at(c.uint(1))?;
            host::call(libc::SYS_sysfs, &[INDEX_OF.into(), Arg::string(&name)])
        }
        NAME_OF => {
            let mut name = [0u8; NAME_MAX];
            let result =
                host::call(libc::SYS_sysfs, &[NAME_OF.into(), c.uint_arg(1), Arg::outputs(&mut name)])?;
            let end = name.iter().position(|&byte| byte == 0).unwrap_or(NAME_MAX - 1);
            c.memory().write_bytes(c.uint(2), &name[..=end])?;
            Ok(result)
        }
        COUNT => host::call(libc::SYS_sysfs, &[COUNT.into()]),
        _ => Err(Errno(libc::EINVAL)),
    }
}

/// `struct if_dqblk` and `struct if_dqinfo`, and a number.
const QUOTA: [Member; 2] = [Member::U64(8), Member::U32(1)];
const QUOTA_NEXT: [Member; 2] = [Member::U64(8), Member::U32(2)];
const QUOTA_INFO: [Member; 2] = [Member::U64(2), Member::U32(2)];
const QUOTA_FORMAT: [Member; 1] = [Member::U32(1)];

pub(crate) fn quotactl(c: &mut Call<'_>) -> SysResult {
    let special = c.optional_string(1)?.map(|path| c.process.host_path(path));
    let special = special.as_deref().map_or(Arg::null(), Arg::string);
    quota(c, libc::SYS_quotactl, [c.uint_arg(0), special], c.uint(0))
}

/// The descriptor comes first here.
pub(crate) fn quotactl_fd(c: &mut Call<'_>) -> SysResult {
    quota(c, libc::SYS_quotactl_fd, [c.uint_arg(0), c.uint_arg(1)], c.uint(1))
}

fn quota(c: &Call<'_>, number: i64, first: [Arg<'_>; 2], command: u32) -> SysResult {
    /// Commands are above the kind of quota.
    const KIND_BITS: u32 = 8;
    const SYNC: u32 = 0x80_0001;
    const QUOTA_ON: u32 = 0x80_0002;
    const QUOTA_OFF: u32 = 0x80_0003;
    const GET_FORMAT: u32 = 0x80_0004;
    const GET_INFO: u32 = 0x80_0005;
    const SET_INFO: u32 = 0x80_0006;
    const GET_QUOTA: u32 = 0x80_0007;
    const SET_QUOTA: u32 = 0x80_0008;
    const GET_NEXT: u32 = 0x80_0009;
    let call = |last: Arg<'_>| host::call(number, &[first[0], first[1], c.int_arg(2), last]);
    let addr = c.uint(3);
    let get = |members: &[Member]| {
        let mut found = HostBuffer::new(structure::host_size(members));
        let result = call(found.arg())?;
        found.write(c.memory(), addr, members)?;
        Ok(result)
    };
    let set = |members: &[Member]| call(HostBuffer::read(c.memory(), addr, members)?.arg());
    match command >> KIND_BITS {
        SYNC | QUOTA_OFF => call(Arg::null()),
        QUOTA_ON => call(Arg::string(&c.path(3)?)),
        GET_FORMAT => get(&QUOTA_FORMAT),
        GET_INFO => get(&QUOTA_INFO),
        SET_INFO => set(&QUOTA_INFO),
        GET_QUOTA => get(&QUOTA),
        SET_QUOTA => set(&QUOTA),
        GET_NEXT => get(&QUOTA_NEXT),
        _ => Err(Errno(libc::EINVAL)),
    }
}
