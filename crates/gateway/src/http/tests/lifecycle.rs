//! The gateway as a whole: shutdown and restart.

use super::*;

#[tokio::test]
async fn a_shutdown_closes_sockets_and_ends_the_run() {
    let running = start().await;
    let socket = running.connect_as_ada().send().await.unwrap();
    assert_eq!(socket.status(), 101);
    let mut socket = socket.upgrade().await.unwrap();
    wait_until("the session is there", || running.gateway.sessions().len() == 1).await;

    running.shutdown.cancel();

    let mut frame = [0; 4];
    tokio::io::AsyncReadExt::read_exact(&mut socket, &mut frame).await.unwrap();
    assert_eq!(frame[0], 0x88, "a close frame");
    assert_eq!(u16::from_be_bytes([frame[2], frame[3]]), 1012, "come back later");
    drop(socket);
    tokio::time::timeout(Duration::from_secs(10), running.task).await.unwrap().unwrap();
    assert!(running.gateway.sessions().is_empty());
}

#[tokio::test]
async fn sessions_and_leases_outlive_a_crash_of_the_gateway() {
    let tracker = Tracker::new(LIMITS);
    let (readiness, metrics) = (Readiness::new(), Metrics::new());
    let config = GatewayConfig::default();
    let house = House::open().await;
    let backstage = house.backstage();
    let (auth, ready) = (authenticator(), readiness.clone());
    let gateway = Gateway::new(&config, tracker.clone(), auth, ready, metrics, backstage).unwrap();
    let public = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let admin = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let run = || {
        let (gateway, public, admin) = (gateway.clone(), public.clone(), admin.clone());
        tokio::spawn(async move { gateway.run(public, admin, CancellationToken::new()).await })
    };
    let first = run();
    let mut running = Running {
        client: Client::builder().no_proxy().build().unwrap(),
        shutdown: CancellationToken::new(),
        public: public.local_addr().unwrap(),
        admin: admin.local_addr().unwrap(),
        gateway: gateway.clone(),
        tracker,
        readiness,
        task: first,
        house,
    };
    assert_eq!(status(running.put_lease("ada", "s1", &json!({ "page": "home" }))).await, 201);
    let socket = running.connect_as_ada().send().await.unwrap().upgrade().await.unwrap();
    wait_until("the session is there", || gateway.sessions().len() == 1).await;

    running.task.abort();
    assert!((&mut running.task).await.unwrap_err().is_cancelled());
    running.task = run();

    let renewed = status(running.put_lease("ada", "s1", &json!({ "page": "home" }))).await;
    assert_eq!(renewed, 200, "on the same port, and the lease is there");
    assert_eq!(gateway.sessions().len(), 1);
    drop(socket);
    wait_until("the session has gone", || gateway.sessions().is_empty()).await;
}
