using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent.Registration;
using RpiAgent.Consul;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Consul;

public sealed class ServiceAndAclTests(ConsulServer server) : IClassFixture<ConsulServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static ServiceRegistration Service(string id, string name) => new()
    {
        Id = id,
        Name = name,
        Address = "127.0.0.9",
        Port = 7443,
        TimeToLive = TimeSpan.FromSeconds(30),
        Meta = ImmutableSortedDictionary<string, string>.Empty.Add("node_id", "n1"),
    };

    [Fact]
    public async Task A_service_is_critical_until_it_reports_and_shows_what_it_said()
    {
        server.RequireConsul();
        using ConsulClient consul = server.NewClient();
        ServiceRegistration service = Service("web-1", "web");
        await consul.Services.RegisterAsync(service, Cancel);
        Indexed<ImmutableArray<ServiceInstance>> before = await consul.Health.ListAsync("web", default, Cancel);
        Assert.False(Assert.Single(before.Value).Passing);

        Task<Indexed<ImmutableArray<ServiceInstance>>> waiting =
            consul.Health.ListAsync("web", ConsulQuery.After(before.Index, TimeSpan.FromSeconds(30)), Cancel);
        Assert.True(await consul.Services.ReportAsync(service.CheckId, CheckStatus.Passing, "all is well", Cancel));

        ServiceInstance now = Assert.Single((await waiting).Value);
        Assert.True(now.Passing);
        Assert.Equal(("all is well", "127.0.0.9", 7443, "n1"), (now.Output, now.Address, now.Port, now.Meta["node_id"]));

        await consul.Services.DeregisterAsync("web-1", Cancel);
        await consul.Services.DeregisterAsync("web-1", Cancel);
        Assert.False(await consul.Services.ReportAsync(service.CheckId, CheckStatus.Passing, "", Cancel));
        Assert.Empty((await consul.Health.ListAsync("web", default, Cancel)).Value);
    }

    /// <summary>A request with the old address that was given up and arrives after the new one's: nobody tells its sender.</summary>
    [Fact]
    public async Task An_agent_mends_a_registration_that_somebody_has_overwritten()
    {
        server.RequireConsul();
        AclPolicy policy = await server.NewClient().Acl.CreatePolicyAsync("only-web3", "test", "service \"web3\" { policy = \"write\" }", Cancel);
        using ConsulClient own = server.NewClient((await server.NewClient().Acl.CreateTokenAsync("for a test", [policy.Name], Cancel)).Secret);
        ServiceRegistration now = Service("web3-1", "web3");
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        RegistrationLoop loop = new(own, TimeSpan.FromMilliseconds(100), TimeProvider.System, NullLogger<RegistrationLoop>.Instance);
        Task run = loop.RunAsync(_ => Task.FromResult(now), stop.Token);
        await UntilAsync(async () => await own.Services.FindAsync("web3-1", Cancel) == new RegisteredService("127.0.0.9", 7443));
        await own.Services.RegisterAsync(now with { Address = "127.0.0.8" }, Cancel);
        await UntilAsync(async () => await own.Services.FindAsync("web3-1", Cancel) == new RegisteredService("127.0.0.9", 7443));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await own.Services.DeregisterAsync("web3-1", Cancel);
        Assert.Null(await own.Services.FindAsync("web3-1", Cancel));
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (int i = 0; i < 100 && !await holds(); i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Cancel);
        }

        Assert.True(await holds());
    }

    [Fact]
    public async Task A_token_may_write_the_one_service_of_its_policy_and_nothing_else()
    {
        server.RequireConsul();
        using ConsulClient consul = server.NewClient();
        AclPolicy policy = await consul.Acl.CreatePolicyAsync("only-web", "test", "service \"web2\" { policy = \"write\" }", Cancel);
        AclToken token = await consul.Acl.CreateTokenAsync("for a test", ["only-web"], Cancel);
        Assert.Equal(policy.Rules, (await consul.Acl.FindPolicyAsync("only-web", Cancel))!.Rules);
        using ConsulClient limited = server.NewClient(token.Secret);

        ServiceRegistration own = Service("web2-1", "web2");
        await limited.Services.RegisterAsync(own, Cancel);
        Assert.True(await limited.Services.ReportAsync(own.CheckId, CheckStatus.Passing, "ok", Cancel));

        ConsulException key = await Assert.ThrowsAsync<ConsulException>(() => limited.KeyValue.PutAsync("rpi/leader", "me"u8.ToArray(), Cancel));
        ConsulException other = await Assert.ThrowsAsync<ConsulException>(() => limited.Services.RegisterAsync(Service("db-1", "db"), Cancel));
        Assert.Equal((ConsulFault.Denied, ConsulFault.Denied), (key.Fault, other.Fault));
        Assert.Contains("kv put rpi/leader", key.Message, StringComparison.Ordinal);

        Assert.Equal(token.Secret, (await consul.Acl.FindTokenAsync(token.Accessor, Cancel))!.Secret);
        await consul.Acl.DeleteTokenAsync(token.Accessor, Cancel);
        await consul.Acl.DeleteTokenAsync(token.Accessor, Cancel);
        Assert.Null(await consul.Acl.FindTokenAsync(token.Accessor, Cancel));
        await consul.Acl.DeletePolicyAsync(policy.Id, Cancel);
        Assert.Null(await consul.Acl.FindPolicyAsync("only-web", Cancel));
    }

    [Fact]
    public async Task Consul_refuses_a_client_without_certificate_or_without_token()
    {
        server.RequireConsul();
        using ConsulClient noToken = server.NewClient(token: "");
        ConsulException denied = await Assert.ThrowsAsync<ConsulException>(() => noToken.KeyValue.PutAsync("x", default, Cancel));
        Assert.Equal(ConsulFault.Denied, denied.Fault);

        ConsulOptions anonymous = new()
        {
            Urls = [server.Options.ConsulUrl],
            Token = server.ManagementToken,
            Retries = 0,
            Tls = RpiAgent.Identity.ClusterTls.AnonymousClientOptions(
                server.Files.LoadAuthority().Certificate, new RpiAgent.Identity.TrustClock(TimeProvider.System), RpiAgent.Identity.PeerRole.Consul),
        };
        using ConsulClient noCertificate = new(anonymous, TimeProvider.System);
        ConsulException refused = await Assert.ThrowsAsync<ConsulException>(() => noCertificate.KeyValue.GetAsync("x", Cancel));
        Assert.Equal(ConsulFault.Unreachable, refused.Fault);
    }

    [Fact]
    public async Task The_leader_is_told_and_an_absent_server_is_unreachable_with_its_address_in_the_message()
    {
        server.RequireConsul();
        using ConsulClient consul = server.NewClient();
        Assert.NotNull(await consul.GetLeaderAsync(Cancel));

        using ConsulClient nobody = new(new ConsulOptions { Urls = [new Uri("https://127.0.0.1:1")], RetryDelay = TimeSpan.FromMilliseconds(1) }, TimeProvider.System);
        ConsulException gone = await Assert.ThrowsAsync<ConsulException>(() => nobody.KeyValue.GetAsync("x", Cancel));
        Assert.True(gone.IsTransient);
        Assert.Contains("https://127.0.0.1:1", gone.Message, StringComparison.Ordinal);
    }
}
