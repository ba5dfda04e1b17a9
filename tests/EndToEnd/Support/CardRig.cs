using Xunit;

namespace RpiAgent.Tests.EndToEnd.Support;

/// <summary>A cluster of two virtual Pis, to which the tests about cards add boards.</summary>
[CollectionDefinition(Name)]
public sealed class CardRig : IAsyncLifetime, ICollectionFixture<CardRig>
{
    public const string Name = "cards";

    public Rig Rig { get; } = new("e2ecard");

    public async ValueTask InitializeAsync() => await Rig.BeginAsync("--nodes", "2", "--no-stack");

    public ValueTask DisposeAsync() => Rig.EndAsync();
}
