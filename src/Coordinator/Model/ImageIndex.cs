using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Model;

/// <summary>Which nodes hold which image, out of their last statuses.</summary>
internal sealed class ImageIndex
{
    private readonly Dictionary<string, List<HeldImage>> _byName = new(StringComparer.Ordinal);

    public ImageIndex(ClusterSnapshot cluster)
    {
        foreach (NodeView node in cluster.Nodes.Values)
        {
            foreach (ImageView image in node.Status?.Images ?? [])
            {
                HeldImage held = new(node, image);
                foreach (string name in image.Tags.Select(ImageReference.Normalize).Append(image.Id).Distinct(StringComparer.Ordinal))
                {
                    if (!_byName.TryGetValue(name, out List<HeldImage>? holders))
                    {
                        _byName[name] = holders = [];
                    }

                    holders.Add(held);
                }
            }
        }
    }

    /// <summary>In the order of node ids.</summary>
    public IReadOnlyList<HeldImage> Holders(string image) => _byName.GetValueOrDefault(ImageReference.Normalize(image)) ?? [];

    public ImageView? On(NodeId node, string image) => Holders(image).FirstOrDefault(held => held.Node.Id == node)?.Image;

    /// <summary>What it is known to exist for, e.g. linux/arm64; empty when no node holds it.</summary>
    public ImmutableArray<string> Platforms(string image) =>
        [.. Holders(image).Select(held => held.Image.Architecture).Where(platform => platform.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}

internal sealed record HeldImage(NodeView Node, ImageView Image);
