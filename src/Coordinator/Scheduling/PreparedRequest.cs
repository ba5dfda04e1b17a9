using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>A request read once: its hard conditions in order, its wishes, and what its rank is made of.</summary>
internal sealed record PreparedRequest(
    PlacementRequest Request, PlacementPolicy Policy, PlacementFilter[] Hard, PlacementFilter[] Wishes, SpreadPreference? Preference, uint Seed)
{
    /// <summary>Null with the refusal when the request itself is wrong; no node is looked at then.</summary>
    public static PreparedRequest? Create(PlacementCluster cluster, PlacementRequest request, PlacementPolicy policy, out Unplaceable? refusal)
    {
        cluster.OverCommit(policy.OverCommitPercent);
        List<PlacementFilter> hard = new(8) { OpenFilter.Instance };
        List<PlacementFilter>? wishes = null;
        foreach (FilterKind kind in policy.Filters)
        {
            ImmutableArray<string> expressions = kind switch
            {
                FilterKind.Affinity => request.Affinities,
                FilterKind.Constraint => request.Constraints,
                FilterKind.Whitelist => request.Whitelists,
                _ => [],
            };
            foreach (string text in expressions)
            {
                (Expression? expression, ExpressionError? error) = cluster.Parse(kind, text);
                if (expression is null)
                {
                    refusal = new(PlacementErrors.InvalidExpression, $"{PlacementPolicy.Name(kind)} {error}");
                    return null;
                }
                (expression.Soft ? wishes ??= [] : hard).Add(Filter(cluster, kind, expression));
            }
            AddPlain(cluster, request, kind, hard);
        }
        if (request.Name.Length > 0 && cluster.IsNameTaken(request.Name))
        {
            refusal = new(PlacementErrors.NameConflict, $"the name {request.Name} is already assigned; remove or rename that container to use it again");
            return null;
        }
        AddOwn(cluster, request, hard);
        refusal = null;
        return new(request, policy, [.. hard], wishes is null ? [] : [.. wishes], SpreadPreference.Create(cluster, request), Hash(request, cluster));
    }

    private static PlacementFilter Filter(PlacementCluster cluster, FilterKind kind, Expression expression) => kind switch
    {
        FilterKind.Whitelist => new WhitelistFilter(expression),
        FilterKind.Constraint => ConstraintFilter.Prepare(cluster, expression),
        _ => expression.Key == "image" ? ImageAffinityFilter.Prepare(cluster, expression) : ContainerAffinityFilter.Prepare(cluster, expression),
    };

    private static void AddPlain(PlacementCluster cluster, PlacementRequest request, FilterKind kind, List<PlacementFilter> hard)
    {
        switch (kind)
        {
            case FilterKind.Health:
                hard.Add(HealthFilter.Instance);
                break;
            case FilterKind.ContainerSlots:
                hard.Add(SlotsFilter.Instance);
                break;
            case FilterKind.Port when HostPorts(request) is { Length: > 0 } ports:
                hard.Add(new PortFilter(ports));
                break;
            case FilterKind.Dependency:
                hard.AddRange(request.VolumesFrom.Select(v => new DependencyFilter("--volumes-from", v.Split(':')[0])));
                hard.AddRange(request.Links.Select(l => new DependencyFilter("--link", l.Split(':')[0])));
                AddShared("--net", request.Network, hard);
                AddShared("--ipc", request.Ipc, hard);
                AddShared("--pid", request.Pid, hard);
                break;
            case FilterKind.Constraint when LocalNetwork(cluster, request) is { } filter:
                hard.Add(filter);
                break;
            default:
                break;
        }
    }

    private static void AddShared(string option, string mode, List<PlacementFilter> hard)
    {
        if (mode.StartsWith("container:", StringComparison.Ordinal))
        {
            hard.Add(new DependencyFilter(option, mode["container:".Length..]));
        }
    }

    private static PortBinding[] HostPorts(PlacementRequest request)
    {
        if (request.Network == "host")
        {
            return [.. request.Expose.Concat(request.Ports).Select(p => p.AsHostPort()).Distinct()];
        }
        return request.Ports.IsEmpty ? [] : [.. request.Ports.Where(p => p.IsFixed)];
    }

    /// <summary>A local network that resolves to one node binds the request to it, unless the request pins a node itself.</summary>
    private static LocalNetworkFilter? LocalNetwork(PlacementCluster cluster, PlacementRequest request) =>
        request.Network is "" or "default" or "host" or "none" or "bridge"
            || request.Constraints.Any(c => c.StartsWith("node==", StringComparison.Ordinal) && !c.StartsWith("node==~", StringComparison.Ordinal))
            || NetworkLookup.Find(cluster, request.Network) is not { } home
            ? null : new(request.Network, home);

    /// <summary>Conditions that no option switches off.</summary>
    private static void AddOwn(PlacementCluster cluster, PlacementRequest request, List<PlacementFilter> hard)
    {
        foreach (string volume in request.Volumes)
        {
            if (cluster.VolumeHomes.TryGetValue(volume, out string? home))
            {
                hard.Add(new VolumeFilter(volume, home, cluster.FindById(home)?.Node.Name ?? home));
            }
        }
        if (!request.Platforms.IsEmpty)
        {
            hard.Add(new PlatformFilter(request.Image, request.Platforms));
        }
        if (request.LimitsMemory)
        {
            hard.Add(new MemoryLimitFilter());
        }
        if (request.MaxReplicasPerNode is { } most)
        {
            hard.Add(new ReplicasFilter(Replicas(cluster, request.Group), most));
        }
        if (!request.ReservesNothing)
        {
            hard.Add(new ResourceFilter(request.MemoryBytes, request.MilliCpus));
        }
    }

    internal static ContainerCounter Replicas(PlacementCluster cluster, string group) =>
        cluster.Counter(ContainerKey.Group, group, (_, c) => c.Group == group);

    /// <summary>FNV-1a over what is asked and how full the cluster is: the same for the same snapshot, different for the next request.</summary>
    private static uint Hash(PlacementRequest request, PlacementCluster cluster)
    {
        uint hash = NodeHash.Text(NodeHash.Text(NodeHash.Start, request.Name), request.Group);
        return NodeHash.Text(hash, request.Image) ^ ((uint)cluster.Containers * 2654435761u);
    }
}
