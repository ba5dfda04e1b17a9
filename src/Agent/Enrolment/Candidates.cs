using System.Net;

namespace RpiAgent.Agent.Enrolment;

/// <summary>Where coordinators are said to be, by whom. One who floods must not crowd out the true one: a few of each answerer count.</summary>
internal sealed class Candidates(int most)
{
    private const int MostOfOne = 2;
    private readonly List<(IPAddress From, IPEndPoint Said)> _all = [];

    public IReadOnlyList<IPEndPoint> All => [.. _all.Select(one => one.Said)];

    public bool IsFull => _all.Count >= most;

    public void Add(IPAddress from, IEnumerable<IPEndPoint> said)
    {
        foreach (IPEndPoint one in said)
        {
            if (!IsFull && _all.Count(known => known.From.Equals(from)) < MostOfOne && !_all.Contains((from, one)))
            {
                _all.Add((from, one));
            }
        }
    }
}
