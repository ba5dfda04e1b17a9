using RpiAgent.Agent.Registration;
using RpiAgent.Consul;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Registration;

public class RegistrationPlannerTests
{
    private static ServiceRegistration Describe(string address = "192.168.1.101", params (string Key, string Value)[] facts) =>
        RegistrationPlanner.Describe(new NodeId("n1"), "pi1", address, 7443, TimeSpan.FromSeconds(5), facts.Select(fact => KeyValuePair.Create(fact.Key, fact.Value)));

    [Fact]
    public void The_check_survives_two_lost_beats() => Assert.Equal(TimeSpan.FromSeconds(15), Describe().TimeToLive);

    [Fact]
    public void Facts_are_cut_at_what_consul_takes_and_empty_ones_left_out()
    {
        ServiceRegistration service = Describe(facts: [("model", new string('x', 600)), ("serial", "")]);
        Assert.Equal(512, service.Meta["model"].Length);
        Assert.False(service.Meta.ContainsKey("serial"));
        Assert.Equal("pi1", service.Meta["node-name"]);
    }

    [Fact]
    public void A_changed_address_or_fact_is_registered_again()
    {
        ServiceRegistration known = Describe(facts: [("model", "Pi 4")]);
        Assert.True(RegistrationPlanner.MustRegister(known, null));
        Assert.False(RegistrationPlanner.MustRegister(Describe(facts: [("model", "Pi 4")]), known));
        Assert.True(RegistrationPlanner.MustRegister(Describe("192.168.1.102", ("model", "Pi 4")), known));
        Assert.True(RegistrationPlanner.MustRegister(Describe(facts: [("model", "Pi 5")]), known));
    }
}
