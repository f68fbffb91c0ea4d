//! The functions of the ABI, called with plain numbers: a check of a contract has to say what types would keep it from saying.
#![allow(unsafe_code, reason = "the subject of this program is the boundary itself")]

use edgekv_sys as sys;
use edgekv_sys::FastlyStatus;

/// What an argument of the ABI is made of.
trait Argument {
    fn of(number: u32) -> Self;
}

impl Argument for u32 {
    fn of(number: u32) -> Self {
        number
    }
}

impl Argument for u64 {
    fn of(number: u32) -> Self {
        number.into()
    }
}

impl Argument for usize {
    fn of(number: u32) -> Self {
        number as Self
    }
}

impl<T> Argument for *const T {
    fn of(number: u32) -> Self {
        core::ptr::with_exposed_provenance(number as usize)
    }
}

impl<T> Argument for *mut T {
    fn of(number: u32) -> Self {
        core::ptr::with_exposed_provenance_mut(number as usize)
    }
}

macro_rules! handles {
    ($($handle:ident)*) => { $(
        impl Argument for sys::$handle {
            fn of(number: u32) -> Self {
                Self(number)
            }
        }
    )* };
}

handles! {
    AsyncItemHandle BodyHandle EndpointHandle KvStoreDeleteHandle KvStoreHandle KvStoreInsertHandle KvStoreListHandle
    KvStoreLookupHandle
}

/// A function of the ABI, with as many numbers as it has parameters.
pub(crate) type Function = fn(&[u32]) -> FastlyStatus;

macro_rules! functions {
    ($($module:ident as $name:ident: $($function:ident($($param:ident),*))*;)*) => { $(
        #[doc = concat!("`", stringify!($module), "`.")]
        pub(crate) mod $name {
            use super::{Argument, FastlyStatus, sys};

            $(
                pub(crate) fn $function(arguments: &[u32]) -> FastlyStatus {
                    let &[$($param),*] = arguments else {
                        panic!("{} has other parameters than {arguments:?}", stringify!($function))
                    };
                    // SAFETY: the host writes to no other place than the arguments name. Where those are in memory at all, they name
                    // blocks of `Memory`, which nothing else uses, or the pages and bytes that a case says it has kept.
                    unsafe { sys::$module::$function($(Argument::of($param)),*) }
                }
            )*
        }
    )* };
}

functions! {
    fastly_abi as abi: init(version);
    fastly_kv_store as kv:
        open(name, name_len, store_out)
        lookup(store, key, key_len, mask, config, pending_out)
        lookup_wait(pending, body_out, metadata, metadata_len, nwritten_out, generation_out, error_out)
        lookup_wait_v2(pending, body_out, metadata, metadata_len, nwritten_out, generation_out, error_out)
        insert(store, key, key_len, body, mask, config, pending_out)
        insert_wait(pending, error_out)
        delete(store, key, key_len, mask, config, pending_out)
        delete_wait(pending, error_out)
        list(store, mask, config, pending_out)
        list_wait(pending, body_out, error_out);
    fastly_object_store as object_store:
        open(name, name_len, store_out)
        lookup(store, key, key_len, body_out)
        lookup_async(store, key, key_len, pending_out)
        pending_lookup_wait(pending, body_out)
        insert(store, key, key_len, body)
        insert_async(store, key, key_len, body, pending_out)
        pending_insert_wait(pending)
        delete_async(store, key, key_len, pending_out)
        pending_delete_wait(pending);
    fastly_http_body as body:
        append(dst, src)
        new(body_out)
        read(body, buffer, size, nread_out)
        write(body, buffer, size, end, nwritten_out)
        close(body)
        abandon(body)
        trailer_append(body, name, name_len, value, value_len)
        trailer_names_get(body, buffer, size, cursor, ending_out, nwritten_out)
        trailer_value_get(body, name, name_len, buffer, size, nwritten_out)
        trailer_values_get(body, name, name_len, buffer, size, cursor, ending_out, nwritten_out)
        known_length(body, length_out);
    fastly_async_io as async_io:
        select(items, count, timeout, index_out)
        is_ready(item, ready_out);
    fastly_log as log:
        endpoint_get(name, name_len, endpoint_out)
        write(endpoint, message, message_len, nwritten_out);
    fastly_compute_runtime as runtime:
        get_vcpu_ms(ms_out)
        get_heap_mib(mib_out);
}
