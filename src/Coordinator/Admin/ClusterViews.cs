using Google.Protobuf.WellKnownTypes;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Admin;

/// <summary>Stacks, Swarm, images and tokens as an operator sees them.</summary>
internal static class ClusterViews
{
    public static ListStacksReply Stacks(ClusterSnapshot cluster, DateTimeOffset now)
    {
        ILookup<string, ReplicaInfo> replicas = ReplicaViews.Of(cluster, null, now).ToLookup(replica => replica.Stack, StringComparer.Ordinal);
        ListStacksReply reply = new();
        reply.Stacks.Add(cluster.Stacks.Values.Select(stack => new StackInfo
        {
            Name = stack.Name,
            Services = (uint)stack.Workloads.Length,
            ReplicasWanted = (uint)replicas[stack.Name].Count(),
            ReplicasRunning = (uint)replicas[stack.Name].Count(replica => replica.State == "running"),
            UpdatedAt = stack.UpdatedAt.ToTimestamp(),
        }));
        return reply;
    }

    public static GetSwarmReply Swarm(ClusterSnapshot cluster)
    {
        NodeView? leader = cluster.Nodes.Values.FirstOrDefault(node => node.Ready && NodeViews.SwarmRole(node) == "leader");
        GetSwarmReply reply = new()
        {
            ClusterId = cluster.Swarm.ClusterId,
            Leader = leader?.Name ?? "",
            Phase = cluster.SwarmPhase.Name,
            Reason = cluster.SwarmPhase.Reason,
        };
        reply.Networks.Add((leader?.Status?.Swarm.Networks ?? []).Select(Network));
        reply.Nodes.Add(cluster.Nodes.Values.OrderBy(node => node.Name, StringComparer.Ordinal)
            .Select(node => new NodeSwarm { Node = node.Name, Status = Status(node.Status?.Swarm ?? new SwarmView()) }));
        return reply;
    }

    /// <summary>One line for each image id, with every tag any node knows it by.</summary>
    public static ListImagesReply Images(ClusterSnapshot cluster)
    {
        ListImagesReply reply = new();
        foreach (IGrouping<string, (string Node, ImageView Image)> same in cluster.Nodes.Values
            .SelectMany(node => (node.Status?.Images ?? []).Select(image => (node.Name, image)))
            .GroupBy(one => one.image.Id, StringComparer.Ordinal)
            .OrderBy(group => group.SelectMany(one => one.image.Tags).Order(StringComparer.Ordinal).FirstOrDefault() ?? "~", StringComparer.Ordinal)
            .ThenBy(group => group.Key, StringComparer.Ordinal))
        {
            ClusterImage image = new() { Image = Image(same.First().Image) };
            image.Image.Tags.Clear();
            image.Image.Tags.Add(same.SelectMany(one => one.Image.Tags).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
            image.Nodes.Add(same.Select(one => one.Node).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
            reply.Images.Add(image);
        }

        return reply;
    }

    public static ImageStatus Image(ImageView image)
    {
        ImageStatus status = new() { Id = image.Id, SizeBytes = (ulong)Math.Max(0, image.SizeBytes), Architecture = image.Architecture };
        status.Tags.Add(image.Tags);
        return status;
    }

    public static TokenInfo Token(TokenRecord token, DateTimeOffset now) => new()
    {
        Id = token.Id,
        CreatedAt = token.CreatedAt.ToTimestamp(),
        ExpiresAt = token.ExpiresAt.ToTimestamp(),
        UsesLeft = (uint)token.UsesLeft,
        Revoked = token.Revoked,
        Note = token.Note,
        State = token.Revoked ? "revoked" : now >= token.ExpiresAt ? "expired" : token.UsesLeft == 0 ? "used-up" : "usable",
    };

    private static SwarmStatus Status(SwarmView view)
    {
        SwarmStatus status = new()
        {
            State = view.State,
            NodeId = view.SwarmNodeId,
            ClusterId = view.ClusterId,
            Manager = view.Manager,
            Leader = view.Leader,
            Address = view.Address,
            Error = view.Error,
        };
        status.Peers.Add(view.Peers.Select(peer => new SwarmPeer
        {
            NodeId = peer.SwarmNodeId,
            HostName = peer.HostName,
            Address = peer.Address,
            Role = peer.Manager ? "manager" : "worker",
            State = peer.State,
            Leader = peer.Leader,
            Reachability = peer.Reachability,
            Availability = peer.Availability,
        }));
        status.Networks.Add(view.Networks.Select(Network));
        return status;
    }

    private static SwarmNetwork Network(SwarmNetworkView view)
    {
        SwarmNetwork network = new() { Id = view.Id, Name = view.Name };
        network.Labels.Add(view.Labels);
        return network;
    }
}
