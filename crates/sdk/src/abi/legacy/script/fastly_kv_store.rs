//! The functions of the import module of the same name.

use edgekv_sys::{
    BodyHandle, KvDeleteConfig, KvDeleteConfigV2, KvInsertConfig, KvListConfig, KvLookupConfig,
    KvStoreDeleteHandle, KvStoreHandle, KvStoreInsertHandle, KvStoreListHandle, KvStoreLookupHandle,
};

use super::*;

/// Does what all start calls do.
///
/// # Safety
///
/// `out` must be valid for writes.
unsafe fn begin<T>(answer: &Answer, out: *mut T, handle: impl FnOnce(u32) -> T) -> Status {
    if let Some(number) = answer.handle {
        // SAFETY: promised by the caller.
        unsafe { out.write(handle(number)) };
    }
    answer.status
}

pub(crate) unsafe fn open(name: *const u8, name_len: usize, store_out: *mut KvStoreHandle) -> Status {
    // SAFETY: the pointers are those of the wrapper under test; the same holds below.
    unsafe { begin(&scripted("open", &format!(" {}", text(name, name_len))), store_out, KvStoreHandle) }
}

pub(crate) unsafe fn lookup(
    store: KvStoreHandle,
    key: *const u8,
    key_len: usize,
    mask: u32,
    _: *const KvLookupConfig,
    pending_out: *mut KvStoreLookupHandle,
) -> Status {
    // SAFETY: see `open`.
    unsafe {
        let line = format!(" {} {} mask={mask:b}", store.0, text(key, key_len));
        begin(&scripted("lookup", &line), pending_out, KvStoreLookupHandle)
    }
}

pub(crate) unsafe fn lookup_wait_v2(
    pending: KvStoreLookupHandle,
    body_out: *mut BodyHandle,
    metadata_buf: *mut u8,
    metadata_buf_len: usize,
    nwritten_out: *mut usize,
    generation_out: *mut u64,
    kv_error_out: *mut KvError,
) -> Status {
    let answer = scripted("lookup_wait_v2", &format!(" {} room={metadata_buf_len}", pending.0));
    // SAFETY: see `open`.
    unsafe {
        nwritten_out.write(fill(&answer, metadata_buf, metadata_buf_len));
        generation_out.write(answer.number);
        kv_error_out.write(answer.outcome);
        if let Some(bytes) = answer.body {
            body_out.write(BodyHandle(add_body(bytes)));
        }
    }
    answer.status
}

pub(crate) unsafe fn insert(
    store: KvStoreHandle,
    key: *const u8,
    key_len: usize,
    body: BodyHandle,
    mask: u32,
    config: *const KvInsertConfig,
    pending_out: *mut KvStoreInsertHandle,
) -> Status {
    let value = HOST.with_borrow_mut(|host| host.bodies.remove(&body.0)).unwrap();
    // SAFETY: see `open`.
    unsafe {
        let config = *config;
        let line = format!(
            " {} {}={} mask={mask:b} mode={} metadata={} ttl={} generation={}",
            store.0,
            text(key, key_len),
            String::from_utf8_lossy(&value),
            config.mode.0,
            text(config.metadata, config.metadata_len),
            config.time_to_live_sec,
            config.if_generation_match,
        );
        begin(&scripted("insert", &line), pending_out, KvStoreInsertHandle)
    }
}

pub(crate) unsafe fn insert_wait(pending: KvStoreInsertHandle, kv_error_out: *mut KvError) -> Status {
    let answer = scripted("insert_wait", &format!(" {}", pending.0));
    // SAFETY: see `open`.
    unsafe { kv_error_out.write(answer.outcome) };
    answer.status
}

pub(crate) unsafe fn delete(
    store: KvStoreHandle,
    key: *const u8,
    key_len: usize,
    mask: u32,
    config: *const KvDeleteConfig,
    pending_out: *mut KvStoreDeleteHandle,
) -> Status {
    // SAFETY: see `open`; the mask says that the record is the longer one.
    unsafe {
        let generation =
            if mask & 2 == 0 { 0 } else { (*config.cast::<KvDeleteConfigV2>()).if_generation_match };
        let line = format!(" {} {} mask={mask:b} generation={generation}", store.0, text(key, key_len));
        begin(&scripted("delete", &line), pending_out, KvStoreDeleteHandle)
    }
}

pub(crate) unsafe fn delete_wait(pending: KvStoreDeleteHandle, kv_error_out: *mut KvError) -> Status {
    let answer = scripted("delete_wait", &format!(" {}", pending.0));
    // SAFETY: see `open`.
    unsafe { kv_error_out.write(answer.outcome) };
    answer.status
}

pub(crate) unsafe fn list(
    store: KvStoreHandle,
    mask: u32,
    config: *const KvListConfig,
    pending_out: *mut KvStoreListHandle,
) -> Status {
    // SAFETY: see `open`.
    unsafe {
        let config = *config;
        let line = format!(
            " {} mask={mask:b} mode={} cursor={} limit={} prefix={}",
            store.0,
            config.mode.0,
            text(config.cursor, config.cursor_len),
            config.limit,
            text(config.prefix, config.prefix_len),
        );
        begin(&scripted("list", &line), pending_out, KvStoreListHandle)
    }
}

pub(crate) unsafe fn list_wait(
    pending: KvStoreListHandle,
    body_out: *mut BodyHandle,
    kv_error_out: *mut KvError,
) -> Status {
    let answer = scripted("list_wait", &format!(" {}", pending.0));
    // SAFETY: see `open`.
    unsafe {
        kv_error_out.write(answer.outcome);
        if let Some(bytes) = answer.body {
            body_out.write(BodyHandle(add_body(bytes)));
        }
    }
    answer.status
}
