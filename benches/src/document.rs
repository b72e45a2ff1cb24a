//! Texts to read: a describe document of any size, and a cluster query of 200 characters.

use std::fmt::Write as _;

/// Instances of the largest document the grid loads.
pub const DOCUMENT_INSTANCES_MAX: usize = 100_000;

/// A query of exactly 200 characters, with every kind of operator.
pub const QUERY: &str = "attribute:ecs.instance-type =~ m5.* and attribute:ecs.availability-zone in [a, b] \
and not(task:group == database-one) and (attribute:stack != test or runningTasksCount < 20) and agentConnected == true";

/// What DescribeContainerInstances answers for so many instances.
#[must_use]
pub fn describe(instances: usize) -> String {
    let flags = (0..20).fold(String::new(), |mut flags, flag| {
        let _ = write!(flags, ",{{\"name\":\"com.amazonaws.ecs.capability.feature-{flag}\"}}");
        flags
    });
    let mut text = String::from("{\"containerInstances\":[");
    for number in 0..instances {
        let comma = if number == 0 { "" } else { "," };
        let zone = ["a", "b", "c"][number % 3];
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{comma}{{\"containerInstanceArn\":\"arn:aws:ecs:eu-west-1:111122223333:container-instance/demo/{number:032x}\",\
             \"ec2InstanceId\":\"i-{number:017x}\",\"version\":7,\"status\":\"ACTIVE\",\"agentConnected\":true,\
             \"versionInfo\":{{\"agentVersion\":\"1.89.2\",\"agentHash\":\"0a1b2c3d\",\"dockerVersion\":\"25.0.8\"}},\
             \"registeredAt\":1760000000.5,\"registeredResources\":[\
             {{\"name\":\"CPU\",\"type\":\"INTEGER\",\"doubleValue\":0.0,\"longValue\":0,\"integerValue\":4096}},\
             {{\"name\":\"MEMORY\",\"type\":\"INTEGER\",\"doubleValue\":0.0,\"longValue\":0,\"integerValue\":15700}},\
             {{\"name\":\"PORTS\",\"type\":\"STRINGSET\",\"stringSetValue\":[\"22\",\"2375\",\"2376\",\"51678\",\"51679\"]}},\
             {{\"name\":\"PORTS_UDP\",\"type\":\"STRINGSET\",\"stringSetValue\":[]}}],\
             \"attributes\":[{{\"name\":\"ecs.availability-zone\",\"value\":\"eu-west-1{zone}\"}},\
             {{\"name\":\"ecs.instance-type\",\"value\":\"m5.xlarge\"}}{flags}]}}"
        );
    }
    text.push_str("]}");
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_query_has_its_length_and_compiles() {
        assert_eq!(super::QUERY.chars().count(), 200);
        assert!(placewright::expr::compile(super::QUERY).is_ok());
    }
}
