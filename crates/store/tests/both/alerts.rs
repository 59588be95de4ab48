//! Alerts.

use stagedoor_domain::{Alert, AlertState};

use crate::support::*;

on_both! {
    async fn alerts_wait_in_the_order_in_which_they_came(house: House) {
        let store = house.open().await;
        let alerts: Vec<Alert> = ["a", "b", "c", "d"].map(alert).into();
        for alert in &alerts {
            store.insert_alert(alert).await.unwrap();
            store.insert_alert(alert).await.unwrap();
        }
        let names = |alerts: &[Alert]| alerts.iter().map(|alert| alert.name.to_string()).collect::<Vec<_>>();
        assert_eq!(store.pending_alerts(&ada()).await.unwrap(), alerts);
        store.set_alert_state(&ada(), &[alerts[0].id, alerts[1].id], AlertState::Shown).await.unwrap();
        store.set_alert_state(&ada(), &[alerts[2].id], AlertState::Showing).await.unwrap();
        let pending = store.pending_alerts(&ada()).await.unwrap();
        assert_eq!(names(&pending), ["c", "d"]);
        assert_eq!(pending[0].state, AlertState::Showing);
        assert_eq!(names(&store.alerts(&ada(), 3).await.unwrap()), ["d", "c", "b"]);
        assert!(store.pending_alerts(&bob()).await.unwrap().is_empty());
    }

    async fn an_alert_can_be_changed_by_its_owner_only(house: House) {
        let store = house.open().await;
        let mut joe = alert("Joe");
        store.insert_alert(&joe).await.unwrap();
        joe.events = 3;
        joe.state = AlertState::Merged;
        store.put_alert(&joe).await.unwrap();
        assert_eq!(store.alert(&ada(), joe.id).await.unwrap(), Some(joe.clone()));
        store.put_alert(&Alert { user: bob(), events: 9, ..joe.clone() }).await.unwrap();
        store.set_alert_state(&bob(), &[joe.id], AlertState::Queued).await.unwrap();
        assert_eq!(store.alert(&ada(), joe.id).await.unwrap(), Some(joe.clone()));
        assert_eq!(store.alert(&bob(), joe.id).await.unwrap(), None);
    }
}
