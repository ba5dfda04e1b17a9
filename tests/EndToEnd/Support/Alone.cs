using Xunit;

namespace RpiAgent.Tests.EndToEnd.Support;

/// <summary>Tests whose limits are what README promises on this machine: they run after the others, and nothing beside them.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class Alone;
