namespace RpiAgent.Coordinator.Stacks;

/// <summary>Every key of a Compose file that is known here, and what is done about it (docs/decisions: what of Compose is honoured).</summary>
internal static class ComposeKeys
{
    private const string EngineWide = "leave it out, or set it for the whole engine in the node's Docker options";
    private const string NotIsolated = "containers here stay in their own namespaces; leave it out";
    private const string NoDevices = "containers get no rights on the host beyond cap_add; leave it out";
    private const string FilesInVolume = "put the file on a volume or into the image, or pass the value by environment or env_file";

    public static readonly KeySet Top = new(
        ["version", "name", "services", "networks", "volumes"],
        [
            ("secrets", FilesInVolume), ("configs", FilesInVolume),
            ("include", "one file is read; put the services into it"), ("models", "leave it out"),
        ],
        []);

    public static readonly KeySet Service = new(
        [
            "image", "command", "entrypoint", "environment", "env_file", "volumes", "networks", "network_mode", "net", "ports", "expose",
            "depends_on", "links", "restart", "labels", "container_name", "hostname", "user", "working_dir", "stop_grace_period", "stop_signal",
            "init", "read_only", "tty", "cap_add", "cap_drop", "extra_hosts", "tmpfs", "healthcheck", "mem_limit", "mem_reservation", "cpus",
            "deploy", "scale", "platform", "profiles", "build", "logging", "log_driver", "pull_policy", "stdin_open",
        ],
        [
            ("annotations", "use labels"), ("blkio_config", EngineWide), ("cgroup", NotIsolated), ("cgroup_parent", EngineWide),
            ("configs", FilesInVolume), ("secrets", FilesInVolume), ("cpu_count", "use cpus"), ("cpu_percent", "use cpus"),
            ("cpu_period", "use cpus"), ("cpu_quota", "use cpus"), ("cpu_shares", "use cpus"), ("cpuset", "use cpus"),
            ("cpu_rt_period", "use cpus"), ("cpu_rt_runtime", "use cpus"), ("credential_spec", NoDevices), ("device_cgroup_rules", NoDevices),
            ("devices", NoDevices), ("gpus", NoDevices), ("dns", EngineWide), ("dns_opt", EngineWide), ("dns_search", EngineWide),
            ("dockerfile", "build it first and load it with `rpictl image load`"), ("domainname", "write the whole name in hostname"),
            ("extends", "write the service out, or use a YAML anchor and '<<'"),
            ("external_links", "join the other stack's network as an external network"), ("group_add", NoDevices), ("ipc", NotIsolated),
            ("isolation", NotIsolated), ("label_file", "write the labels into the file"), ("log_opt", EngineWide), ("mac_address", EngineWide),
            ("memswap_limit", "use mem_limit"), ("models", "leave it out"), ("oom_kill_disable", NoDevices), ("oom_score_adj", NoDevices),
            ("pid", NotIsolated), ("pids_limit", EngineWide), ("post_start", "start it from the image's entrypoint"),
            ("pre_stop", "handle the stop signal in the image"), ("privileged", NoDevices), ("provider", "leave it out"), ("runtime", EngineWide),
            ("security_opt", EngineWide), ("shm_size", "mount a tmpfs: `tmpfs: /dev/shm:size=64m`"), ("storage_opt", EngineWide),
            ("sysctls", EngineWide), ("ulimits", EngineWide), ("use_api_socket", NoDevices), ("userns_mode", NotIsolated), ("uts", NotIsolated),
            ("volume_driver", "volumes are local to one node; leave it out"), ("volumes_from", "name the same volume in both services"),
        ],
        [
            ("attach", "taken no notice of: nobody is attached in a cluster"), ("develop", "taken no notice of: it is for a developer's machine"),
            ("mem_swappiness", "taken no notice of: nodes keep their own setting"),
        ]);

    public static readonly KeySet Deploy = new(
        ["mode", "replicas", "placement", "resources", "restart_policy", "labels", "endpoint_mode"],
        [],
        [
            ("update_config", "taken no notice of: a changed service is replaced replica by replica"),
            ("rollback_config", "taken no notice of: deploy the former file to go back"),
        ]);

    public static readonly KeySet Placement = new("constraints", "preferences", "max_replicas_per_node");
    public static readonly KeySet Preference = new("spread");
    public static readonly KeySet Resources = new("limits", "reservations");

    public static readonly KeySet Limits = new(
        ["cpus", "memory"], [("pids", EngineWide)], []);

    public static readonly KeySet Reservations = new(
        ["cpus", "memory"], [("devices", NoDevices), ("generic_resources", "label the nodes and use a constraint"), ("pids", EngineWide)], []);

    public static readonly KeySet RestartPolicy = new(
        ["condition", "max_attempts"], [],
        [("delay", "taken no notice of: the engine waits longer after each failure"), ("window", "taken no notice of: the engine decides after ten seconds")]);

    public static readonly KeySet Health = new(
        ["test", "interval", "timeout", "start_period", "retries", "disable"], [],
        [("start_interval", "taken no notice of: interval holds from the start")]);

    public static readonly KeySet Dependency = new("condition", "required", "restart");
    public static readonly KeySet EnvFile = new("path", "required", "format");

    public static readonly KeySet Port = new(
        ["target", "published", "host_ip", "protocol", "mode"], [], [("name", "only a name"), ("app_protocol", "only a hint")]);

    public static readonly KeySet Mount = new("type", "source", "target", "read_only", "consistency", "bind", "volume", "tmpfs");

    public static readonly KeySet MountBind = new(
        ["create_host_path", "selinux"], [("propagation", "mounts are private"), ("recursive", "mounts are bound with what is below them")], []);

    public static readonly KeySet MountVolume = new(
        [], [("nocopy", "a new volume is filled from the image"), ("subpath", "use a volume of its own"), ("labels", "label the service")], []);

    public static readonly KeySet MountTmpfs = new("size", "mode");

    public static readonly KeySet NetworkUse = new(
        ["aliases"],
        [
            ("ipv4_address", "addresses are given by the network; use the service's name"), ("ipv6_address", "use the service's name"),
            ("link_local_ips", "use the service's name"), ("mac_address", "leave it out"), ("driver_opts", "leave it out"),
            ("interface_name", "leave it out"),
        ],
        [("priority", "taken no notice of: networks are joined by name"), ("gw_priority", "taken no notice of: networks are joined by name")]);

    public static readonly KeySet Network = new(
        ["driver", "external", "name", "internal", "driver_opts", "attachable"],
        [
            ("ipam", "addresses are given by Docker's Swarm; leave it out"), ("enable_ipv6", "the overlay network is IPv4; leave it out"),
            ("enable_ipv4", "the overlay network is IPv4; leave it out"),
        ],
        [("labels", "taken no notice of: networks carry the cluster's own labels")]);

    public static readonly KeySet NetworkOptions = new(["encrypted"], [], []);
    public static readonly KeySet External = new("name");

    public static readonly KeySet Volume = new(
        ["driver", "external", "name"], [("driver_opts", "volumes are plain directories of one node; use a bind mount of an absolute path")],
        [("labels", "taken no notice of: volumes carry the cluster's own labels")]);
}
