//! Listing keys: one page, all pages, or all keys.

use super::page::{self, PageMeta};
use super::{KVStore, KVStoreError, ListPage, PendingListHandle};
use crate::abi;
use crate::error::Fault;

/// How many keys a page of an iteration has when no limit is set.
const ITERATION_LIMIT: u32 = 1000;

/// How fresh a list is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum ListMode {
    /// Every write that has been acknowledged is seen.
    #[default]
    Strong,
    /// The list may lag behind, and is faster.
    Eventual,
    /// Something else that a host said about a page. Not meant for requests, where it is the same as strong.
    Other(String),
}

/// A list with options, made by [`KVStore::build_list`].
///
/// ```no_run
/// # use edgekv::kv_store::{KVStore, KVStoreError};
/// # fn f(store: &KVStore) -> Result<(), KVStoreError> {
/// for key in store.build_list().prefix("user:").keys() {
///     println!("{}", key?);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing before `execute`, `iter` or `keys`"]
pub struct ListBuilder<'a> {
    store: &'a KVStore,
    mode: ListMode,
    cursor: Option<String>,
    limit: Option<u32>,
    prefix: Option<String>,
}

impl<'a> ListBuilder<'a> {
    pub(super) fn new(store: &'a KVStore) -> Self {
        Self { store, mode: ListMode::Strong, cursor: None, limit: None, prefix: None }
    }

    /// Lets the list lag behind the latest writes, for speed.
    pub fn eventual_consistency(self) -> Self {
        Self { mode: ListMode::Eventual, ..self }
    }

    /// Begins where an earlier page ended ([`ListPage::next_cursor`]). Prefix, limit and mode have to be set again.
    pub fn cursor(self, cursor: &str) -> Self {
        Self { cursor: Some(cursor.to_owned()), ..self }
    }

    /// The most keys of one page, at least 1. When not set, the host decides for [`execute`](Self::execute), and it is
    /// 1,000 for [`iter`](Self::iter) and [`keys`](Self::keys).
    pub fn limit(self, limit: u32) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Only keys that begin so.
    pub fn prefix(self, prefix: &str) -> Self {
        Self { prefix: Some(prefix.to_owned()), ..self }
    }

    /// One page.
    ///
    /// # Errors
    ///
    /// [`KVStoreError::ItemBadRequest`] when the cursor or the limit is not valid,
    /// [`KVStoreError::TooManyRequests`] at a rate limit, and [`KVStoreError::UnusableAnswer`] when the page cannot be
    /// read.
    pub fn execute(self) -> Result<ListPage, KVStoreError> {
        page::read(abi::list_now(&self.store.handle, &self.options())?)
    }

    /// Starts to list one page; [`KVStore::pending_list_wait`] has the result.
    ///
    /// # Errors
    ///
    /// [`KVStoreError::ItemBadRequest`] when the host refuses the options.
    pub fn execute_async(&self) -> Result<PendingListHandle, KVStoreError> {
        Ok(PendingListHandle::new(abi::list(&self.store.handle, &self.options())?))
    }

    fn options(&self) -> abi::ListOptions<'_> {
        abi::ListOptions {
            eventual: self.mode == ListMode::Eventual,
            cursor: self.cursor.as_deref(),
            limit: self.limit,
            prefix: self.prefix.as_deref(),
        }
    }

    /// All pages, one after the other. Pages without keys are passed over.
    #[must_use = "an iterator does nothing before it is asked"]
    pub fn iter(self) -> ListResponse<'a> {
        ListResponse::new(self)
    }

    /// All keys, over all pages.
    #[must_use = "an iterator does nothing before it is asked"]
    pub fn keys(self) -> Keys<'a> {
        Keys { pages: self.iter(), page: Vec::new().into_iter() }
    }
}

/// The pages of a list, made by [`ListBuilder::iter`]. Ends after the last page, and after an error.
#[derive(Debug)]
pub struct ListResponse<'a> {
    /// The request for the next page.
    request: ListBuilder<'a>,
    ended: bool,
    /// The page that was given last.
    page: Option<ListPage>,
}

impl<'a> ListResponse<'a> {
    fn new(mut request: ListBuilder<'a>) -> Self {
        request.limit.get_or_insert(ITERATION_LIMIT);
        Self { request, ended: false, page: None }
    }

    /// The page that was given last; before the first, an empty page that has the options of the request.
    #[must_use]
    pub fn into_page(self) -> ListPage {
        self.page.unwrap_or_else(|| {
            let consistency = (self.request.mode == ListMode::Eventual).then(|| "eventual".to_owned());
            let meta = PageMeta {
                limit: self.request.limit.unwrap_or(ITERATION_LIMIT),
                next_cursor: self.request.cursor,
                prefix: self.request.prefix,
                consistency,
            };
            ListPage::new(Vec::new(), meta)
        })
    }

    /// The next page that has keys. The iterator has ended when there is none.
    fn advance(&mut self) -> Result<Option<ListPage>, KVStoreError> {
        while !self.ended {
            // Until the page is here and sound, this iteration is over: an error must not be repeated.
            self.ended = true;
            let page = page::read(abi::list_now(&self.request.store.handle, &self.request.options())?)?;
            let next = page.next_cursor();
            if next.is_some() && next == self.request.cursor {
                // A host that stays where it is would be asked for ever.
                return Err(Fault::Page("the next page begins where this one did".to_owned()).into());
            }
            self.ended = next.is_none();
            self.request.cursor = next;
            if !page.keys().is_empty() {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }
}

impl Iterator for ListResponse<'_> {
    type Item = Result<ListPage, KVStoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let page = self.advance().transpose()?;
        if let Ok(page) = &page {
            self.page = Some(page.clone());
        }
        Some(page)
    }
}

impl std::iter::FusedIterator for ListResponse<'_> {}

/// The keys of a list, made by [`ListBuilder::keys`]. Ends after the last key, and after an error.
#[derive(Debug)]
pub struct Keys<'a> {
    pages: ListResponse<'a>,
    page: std::vec::IntoIter<String>,
}

impl Iterator for Keys<'_> {
    type Item = Result<String, KVStoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 {
            match self.pages.advance() {
                Ok(page) => self.page = page?.into_keys().into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
        self.page.next().map(Ok)
    }
}

impl std::iter::FusedIterator for Keys<'_> {}

#[cfg(test)]
mod tests {
    use edgekv_sys::{FastlyStatus as Status, KvError, KvStoreHandle};

    use super::*;
    use crate::abi::script::{self, Answer, answer};

    const STORE: KVStore = KVStore { handle: KvStoreHandle(3) };

    fn page(keys: &str, next: Option<&str>) -> [Answer; 2] {
        let next = next.map_or(String::new(), |next| format!(r#","next_cursor":"{next}""#));
        let document = format!(r#"{{"data":[{keys}],"meta":{{"limit":2{next}}}}}"#);
        [answer("list").handle(1), answer("list_wait").body(document)]
    }

    #[test]
    fn options_that_are_not_set_are_not_sent() {
        let script = script::start(page("", None).into_iter().chain(page("", None)).chain(page("", None)));
        STORE.list().unwrap();
        STORE.build_list().prefix("").cursor("").execute().unwrap();
        STORE.build_list().prefix("p").cursor("c").limit(7).eventual_consistency().execute().unwrap();
        let calls = script.finish();
        let lists: Vec<_> = calls.iter().filter(|call| call.starts_with("list ")).collect();
        let plain = "list 3 mask=0 mode=0 cursor=- limit=0 prefix=-";
        assert_eq!(lists, [plain, plain, "list 3 mask=1110 mode=1 cursor=c limit=7 prefix=p"]);
    }

    #[test]
    fn keys_go_over_all_pages_and_over_an_empty_one() {
        let script = script::start(
            page(r#""a","b""#, Some("1")).into_iter().chain(page("", Some("2"))).chain(page(r#""c""#, None)),
        );
        let mut keys = STORE.build_list().prefix("p").keys();
        let all: Vec<_> = keys.by_ref().collect::<Result<_, _>>().unwrap();
        assert_eq!(all, ["a", "b", "c"]);
        assert!(keys.next().is_none());
        let calls = script.finish();
        let lists: Vec<_> =
            calls.iter().filter(|call| call.starts_with("list ")).map(|call| &call[..]).collect();
        assert_eq!(
            lists,
            [
                "list 3 mask=1100 mode=0 cursor=- limit=1000 prefix=p",
                "list 3 mask=1110 mode=0 cursor=1 limit=1000 prefix=p",
                "list 3 mask=1110 mode=0 cursor=2 limit=1000 prefix=p",
            ]
        );
    }

    #[test]
    fn pages_without_keys_are_passed_over() {
        let script =
            script::start(page("", Some("1")).into_iter().chain(page(r#""a""#, None)).chain(page("", None)));
        let pages: Vec<_> = STORE.build_list().iter().map(|page| page.unwrap().into_keys()).collect();
        assert_eq!(pages, [["a"]]);
        assert_eq!(STORE.build_list().iter().count(), 0);
        script.finish();
    }

    #[test]
    fn an_error_ends_the_iteration() {
        let script = script::start(page(r#""a""#, Some("1")).into_iter().chain([
            answer("list").handle(2),
            answer("list_wait").outcome(KvError::INTERNAL_ERROR),
            answer("list").status(Status::BADF),
            answer("list").handle(2),
            answer("list_wait").body("nonsense"),
        ]));
        let mut pages = STORE.build_list().iter();
        assert_eq!(pages.next().unwrap().unwrap().keys(), ["a"]);
        assert!(pages.next().unwrap().is_err());
        assert!(pages.next().is_none() && pages.next().is_none());
        assert_eq!(pages.into_page().keys(), ["a"]);
        for _ in 0..2 {
            let mut keys = STORE.build_list().keys();
            assert!(keys.next().unwrap().is_err());
            assert!(keys.next().is_none());
        }
        script.finish();
    }

    #[test]
    fn a_cursor_that_stands_still_is_an_error() {
        let script = script::start(page("", Some("1")).into_iter().chain(page("", Some("1"))));
        let pages: Vec<_> = STORE.build_list().iter().collect();
        assert!(matches!(&pages[..], [Err(KVStoreError::UnusableAnswer(_))]), "{pages:?}");
        script.finish();
    }

    #[test]
    fn before_the_first_page_there_is_an_empty_one_with_the_options() {
        let page = STORE.build_list().prefix("p").eventual_consistency().iter().into_page();
        assert!(page.keys().is_empty());
        assert_eq!((page.prefix(), page.limit(), page.mode()), (Some("p"), 1000, ListMode::Eventual));
    }

    #[test]
    fn success_without_a_body_is_an_error() {
        let script = script::start([answer("list").handle(1), answer("list_wait")]);
        let reason = "host reported success and gave no body".to_owned();
        assert_eq!(STORE.list().unwrap_err(), KVStoreError::UnusableAnswer(reason));
        script.finish();
    }
}
