using System.Collections.Immutable;
using RpiAgent.Agent.Images;
using Xunit;

namespace RpiAgent.Tests.Unit.Images;

public class PeerTagsTests
{
    private static readonly ImageRequest ById = new("blog:1", "sha256:blog", []);
    private static readonly ImageRecord[] Before = [Image("sha256:db", "mariadb:10"), Image("sha256:old", "blog:1")];

    [Fact]
    public void A_tar_without_tags_moves_none() => Assert.Empty(Strangers([.. Before, Image("sha256:blog")], ["sha256:blog"], ById));

    [Fact]
    public void The_image_asked_for_may_take_its_own_name() =>
        Assert.Empty(Strangers([Before[0], Image("sha256:blog", "blog:1")], ["blog:1"], ById));

    [Fact]
    public void A_tag_that_a_peer_moves_goes_back_to_the_image_that_had_it()
    {
        ImageRecord[] after = [Image("sha256:db"), Image("sha256:evil", "mariadb:10"), Image("sha256:blog"), Before[1]];
        Assert.Equal([new MovedTag("mariadb:10", "sha256:evil", "sha256:db")], Strangers(after, ["sha256:blog", "mariadb:10"], ById));
    }

    [Fact]
    public void A_tag_that_a_peer_adds_goes_away() =>
        Assert.Equal([new MovedTag("redis:7", "sha256:evil", null)], Strangers([.. Before, Image("sha256:evil", "redis:7")], ["redis:7"], ById));

    [Fact]
    public void The_name_asked_for_belongs_to_the_image_asked_for_alone() =>
        Assert.Equal([new MovedTag("blog:1", "sha256:evil", "sha256:old")], Strangers([Before[0], Image("sha256:evil", "blog:1")], ["blog:1"], ById));

    [Fact]
    public void Without_an_id_the_name_means_what_the_peer_gives() =>
        Assert.Empty(Strangers([Before[0], Image("sha256:blog", "blog:1")], ["blog:1"], ById with { ImageId = "" }));

    [Fact]
    public void A_pull_at_the_same_time_is_not_the_peers_doing() =>
        Assert.Empty(Strangers([.. Before, Image("sha256:blog"), Image("sha256:php", "php:8")], ["sha256:blog"], ById));

    /// <summary>The engine loads a tar with a file `repositories` instead of a manifest, and does not say what it named.</summary>
    [Fact]
    public void Nothing_that_is_loaded_in_silence_keeps_its_name() =>
        Assert.Equal([new MovedTag("redis:7", "sha256:evil", null)], Strangers([.. Before, Image("sha256:evil", "redis:7")], [], ById));

    private static ImmutableArray<MovedTag> Strangers(ImageRecord[] after, string[] named, ImageRequest request) => PeerTags.Strangers(Before, after, named, request);

    private static ImageRecord Image(string id, params string[] tags) => new(id, [.. tags], 1, "linux/amd64");
}
