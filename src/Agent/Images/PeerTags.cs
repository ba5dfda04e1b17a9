using System.Collections.Immutable;

namespace RpiAgent.Agent.Images;

/// <summary>
/// A peer's tar may carry any tag, and a Pi that was taken over would put its own image under the name of another: only what was asked
/// for keeps its new name.
/// </summary>
internal static class PeerTags
{
    /// <summary>The tags that an import moved or added without being asked to.</summary>
    /// <param name="named">What the engine says it loaded; a tar of the oldest format is loaded in silence, then every change counts.</param>
    public static ImmutableArray<MovedTag> Strangers(
        IEnumerable<ImageRecord> before, IEnumerable<ImageRecord> after, IReadOnlyCollection<string> named, ImageRequest request)
    {
        Dictionary<string, string> old = Ids(before);
        string wanted = ImageReference.TryParse(request.Image, out ImageReference reference) ? reference.ToString() : "";
        return
        [
            .. Ids(after)
                .Select(now => new MovedTag(now.Key, now.Value, old.GetValueOrDefault(now.Key)))
                .Where(tag => tag.Id != tag.OldId && (named.Count == 0 || named.Contains(tag.Tag)))
                .Where(tag => tag.Tag != wanted || (request.ImageId.Length > 0 && tag.Id != request.ImageId))
                .OrderBy(tag => tag.Tag, StringComparer.Ordinal),
        ];
    }

    private static Dictionary<string, string> Ids(IEnumerable<ImageRecord> images) => images
        .SelectMany(image => image.Tags.Select(tag => (tag, image.Id)))
        .DistinctBy(one => one.tag)
        .ToDictionary(one => one.tag, one => one.Id, StringComparer.Ordinal);
}

/// <param name="OldId">The image that had this tag, or null.</param>
internal sealed record MovedTag(string Tag, string Id, string? OldId);
