using System.Collections.Immutable;
using System.Net;

namespace RpiAgent.Agent.Enrolment;

/// <summary>Which of the answers to "where is a coordinator?" are worth a connection: one machine that forges many must not crowd out the true one.</summary>
internal static class DiscoveryCandidates
{
    private const int MostOfOne = 2, Most = 16;

    /// <param name="answers">In any order; who sent each, and what it names.</param>
    /// <returns>Those who name themselves first, as a coordinator does.</returns>
    public static ImmutableArray<IPEndPoint> Pick(IEnumerable<DiscoveryAnswer> answers) =>
    [
        .. answers.GroupBy(answer => answer.Sender)
            .SelectMany(of => of.SelectMany(answer => answer.Named).Distinct().OrderByDescending(one => one.Address.Equals(of.Key)).Take(MostOfOne).Select(one => (IsOwn: one.Address.Equals(of.Key), Named: one)))
            .OrderByDescending(one => one.IsOwn).Select(one => one.Named).Distinct().Take(Most),
    ];
}

/// <param name="Sender">As the packet says; anybody can write that.</param>
internal sealed record DiscoveryAnswer(IPAddress Sender, ImmutableArray<IPEndPoint> Named);
