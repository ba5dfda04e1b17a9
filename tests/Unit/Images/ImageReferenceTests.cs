using RpiAgent.Agent.Images;
using Xunit;

namespace RpiAgent.Tests.Unit.Images;

public class ImageReferenceTests
{
    [Theory]
    [InlineData("caddy", "caddy:latest")]
    [InlineData("rpi/php:8.2", "rpi/php:8.2")]
    [InlineData("Registry.local:5000/a/b", "Registry.local:5000/a/b:latest")]
    public void A_reference_can_be_pulled(string text, string full)
    {
        Assert.True(ImageReference.TryParse(text, out ImageReference reference));
        Assert.Equal(full, reference.ToString());
    }

    [Theory]
    [InlineData("sha256:0123")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("app@sha256:0123")]
    [InlineData("App")]
    [InlineData("a//b")]
    [InlineData("a:")]
    [InlineData("")]
    public void Ids_and_nonsense_cannot(string text) => Assert.False(ImageReference.TryParse(text, out _));
}
