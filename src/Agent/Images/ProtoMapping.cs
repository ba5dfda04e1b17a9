using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Images;

/// <summary>Where wire types stop.</summary>
internal static class ProtoMapping
{
    public static Wire.ImageStatus ToWire(ImageRecord image)
    {
        Wire.ImageStatus status = new() { Id = image.Id, SizeBytes = (ulong)image.SizeBytes, Architecture = image.Platform };
        status.Tags.AddRange(image.Tags);
        return status;
    }

    public static ImageRequest FromWire(Wire.FetchImageRequest request) => new(
        request.Image,
        request.ImageId,
        [.. request.Sources.Select(source => new ImagePeer(new Protos.NodeId(source.NodeId), source.Address))]);
}
