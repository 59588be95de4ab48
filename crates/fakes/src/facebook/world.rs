//! What there is: pages, live videos, comments.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

/// Where a live video stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It waits for its stream, or is not published.
    Unpublished,
    /// It is on air.
    Live,
    /// It has ended.
    Ended,
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentView {
    /// Its id.
    pub id: Box<str>,
    /// Who wrote it: id and name.
    pub author: (Box<str>, Box<str>),
    /// What it says.
    pub message: Box<str>,
    /// When it was written, to the second.
    pub created: Timestamp,
    /// The comment that it answers.
    pub parent: Option<Box<str>>,
}

/// A live video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveVideoView {
    /// Its id.
    pub id: Box<str>,
    /// The page's.
    pub page: Box<str>,
    /// The video that it shows.
    pub video: Box<str>,
    /// Its title.
    pub title: Option<Box<str>>,
    /// Its description.
    pub description: Option<Box<str>>,
    /// Where it stands.
    pub stage: Stage,
    /// The key in its stream addresses.
    pub stream_key: Box<str>,
    /// Whether it goes live when its stream arrives.
    pub at_once: bool,
    /// How many watch.
    pub viewers: u32,
}

#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) name: Box<str>,
    pub(super) owner: Box<str>,
    pub(super) blocked: BTreeSet<Box<str>>,
    pub(super) app_is_forbidden: bool,
    /// Its newest live video.
    pub(super) newest: Option<Box<str>>,
    /// Percent, and minutes without access.
    pub(super) usage: Option<(u32, u32)>,
}

/// Where a comment stands: by the second, then as they came.
pub(super) type Place = (i64, u64);

/// A live video with all that belongs to it.
#[derive(Debug)]
pub(super) struct LiveVideo {
    pub(super) view: LiveVideoView,
    pub(super) created: Timestamp,
    pub(super) started: Option<Timestamp>,
    pub(super) reactions: BTreeMap<&'static str, u64>,
    pub(super) comments: BTreeMap<Place, CommentView>,
}

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) pages: HashMap<Box<str>, Page>,
    pub(super) videos: BTreeMap<Box<str>, LiveVideo>,
    /// Which live video shows a video, and which has a comment, and where.
    shown_by: HashMap<Box<str>, Box<str>>,
    found_at: HashMap<Box<str>, (Box<str>, Place)>,
    last_id: u64,
    pub(super) created: usize,
    pub(super) recordings_deleted: usize,
}

impl World {
    pub(super) fn numbered_from(first: u64) -> Self {
        Self { last_id: first, ..Self::default() }
    }

    fn next(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn create_video(
        &mut self,
        page: &str,
        title: Option<&str>,
        description: Option<&str>,
        at_once: bool,
    ) -> &LiveVideo {
        let number = self.next();
        let id: Box<str> = format!("19{number:014}").into();
        let video: Box<str> = format!("91{number:014}").into();
        self.created += 1;
        self.shown_by.insert(video.clone(), id.clone());
        self.pages.entry(page.into()).or_default().newest = Some(id.clone());
        let view = LiveVideoView {
            id: id.clone(),
            page: page.into(),
            video,
            title: title.map(Into::into),
            description: description.map(Into::into),
            stage: Stage::Unpublished,
            stream_key: format!("FB-{id}-0-Abx{number:x}Zq?s_bl=1&s_psm=1&s_sw=0&a=Ab/c{number}")
                .into(),
            at_once,
            viewers: 0,
        };
        let video = LiveVideo {
            view,
            created: Timestamp::now(),
            started: None,
            reactions: BTreeMap::new(),
            comments: BTreeMap::new(),
        };
        self.videos.entry(id).or_insert(video)
    }

    /// Data arrives. Whether there is such a live video that waits for it.
    pub(super) fn stream_arrives(&mut self, id: &str) -> bool {
        let Some(video) = self.videos.get_mut(id) else { return false };
        if video.view.stage != Stage::Unpublished {
            return false;
        }
        if video.view.at_once {
            video.view.stage = Stage::Live;
            video.started = Some(Timestamp::now());
            video.view.viewers = 1;
        }
        true
    }

    /// Whether it was not over before; none if there is no such live video.
    pub(super) fn end(&mut self, id: &str) -> Option<bool> {
        let video = self.videos.get_mut(id)?;
        let was_open = video.view.stage != Stage::Ended;
        video.view.stage = Stage::Ended;
        video.view.viewers = 0;
        Some(was_open)
    }

    pub(super) fn delete_video(&mut self, id: &str) -> bool {
        let Some(video) = self.videos.remove(id) else { return false };
        self.recordings_deleted += usize::from(video.started.is_some());
        self.shown_by.remove(&video.view.video);
        let mut others = self.videos.values().rev();
        let before = others.find(|other| other.view.page == video.view.page);
        if let Some(page) = self.pages.get_mut(&video.view.page) {
            page.newest = before.map(|other| other.view.id.clone());
        }
        for comment in video.comments.values() {
            self.found_at.remove(&comment.id);
        }
        true
    }

    /// Somebody writes under a live video. None if there is no such one, or they are not allowed to.
    pub(super) fn comment(
        &mut self,
        video: &str,
        author: (&str, &str),
        message: &str,
        created: Timestamp,
        parent: Option<&str>,
    ) -> Option<Box<str>> {
        let number = self.next();
        let live = self.videos.get_mut(video)?;
        let page = self.pages.get(&live.view.page)?;
        if page.blocked.contains(author.0) {
            return None;
        }
        let id: Box<str> = format!("{}_{number}", live.view.video).into();
        let second = created.as_second();
        let comment = CommentView {
            id: id.clone(),
            author: (author.0.into(), author.1.into()),
            message: message.into(),
            created: Timestamp::from_second(second).ok()?,
            parent: parent.map(Into::into),
        };
        live.comments.insert((second, number), comment);
        self.found_at.insert(id.clone(), (video.into(), (second, number)));
        Some(id)
    }

    pub(super) fn find_comment(&self, id: &str) -> Option<(&LiveVideo, &CommentView)> {
        let (video, at) = self.found_at.get(id)?;
        let video = self.videos.get(video)?;
        Some((video, video.comments.get(at)?))
    }

    pub(super) fn delete_comment(&mut self, id: &str) -> bool {
        let Some((video, at)) = self.found_at.remove(id) else { return false };
        self.videos.get_mut(&video).is_some_and(|video| video.comments.remove(&at).is_some())
    }

    /// The live video that shows a video.
    pub(super) fn showing(&self, video: &str) -> Option<&LiveVideo> {
        self.videos.get(self.shown_by.get(video)?)
    }

    /// A page's newest live video.
    pub(super) fn newest_of(&self, page: &str) -> Option<&LiveVideo> {
        self.videos.get(self.pages.get(page)?.newest.as_ref()?)
    }
}
