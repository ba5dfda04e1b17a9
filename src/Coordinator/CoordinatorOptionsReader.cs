using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator;

/// <summary>Binds and checks <see cref="CoordinatorOptions"/>; every problem is told, not only the first.</summary>
internal static class CoordinatorOptionsReader
{
    /// <exception cref="OptionsValidationException">With all problems.</exception>
    public static CoordinatorOptions Read(IConfiguration configuration)
    {
        CoordinatorOptions options = new();
        configuration.GetSection(CoordinatorOptions.Section).Bind(options);
        ImmutableArray<string> problems = Problems(options);
        return problems.IsEmpty
            ? options
            : throw new OptionsValidationException(CoordinatorOptions.Section, typeof(CoordinatorOptions), problems);
    }

    /// <summary>Makes <c>IOptions&lt;CoordinatorOptions&gt;</c> and the options themselves available; a bad configuration stops the host at its start.</summary>
    public static void Register(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<CoordinatorOptions>().Bind(configuration.GetSection(CoordinatorOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<CoordinatorOptions>, EveryProblem>();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<CoordinatorOptions>>().Value);
    }

    /// <summary>What is wrong, each with its place.</summary>
    public static ImmutableArray<string> Problems(CoordinatorOptions options)
    {
        List<string> problems =
        [
            .. new CoordinatorOptionsValidator().Validate(null, options).Failures ?? [],
        ];
        if (!Ipv4.TryParse(options.AdvertiseAddress, out _))
        {
            problems.Add(options.AdvertiseAddress.Length == 0
                ? "AdvertiseAddress is missing: give the IPv4 at which the Pis reach this machine"
                : $"AdvertiseAddress '{options.AdvertiseAddress}' is not an IPv4 address");
        }

        if (PlacementWords.WrongFilters(options.Filters) is string wrong)
        {
            problems.Add($"Filters: {wrong}");
        }

        CheckUrl("Consul:Url", options.Consul.Url, problems);
        CheckUrl("Consul:NodeUrl", options.Consul.NodeUrl, problems);
        _ = AllotmentRules.From(options, out ImmutableArray<string> network);
        problems.AddRange(network);
        return [.. problems];
    }

    private static void CheckUrl(string name, string value, List<string> problems)
    {
        if (value.Length > 0 && (!Uri.TryCreate(value, UriKind.Absolute, out Uri? url) || url.Scheme != Uri.UriSchemeHttps))
        {
            problems.Add($"{name} '{value}' is not an https:// address");
        }
    }

    private sealed class EveryProblem : IValidateOptions<CoordinatorOptions>
    {
        public ValidateOptionsResult Validate(string? name, CoordinatorOptions options) =>
            Problems(options) is { IsEmpty: false } problems ? ValidateOptionsResult.Fail(problems) : ValidateOptionsResult.Success;
    }
}
